// Every bound of the project in one place; the invariants below hold them against each other.
import { invariant } from './invariant.ts';

/** A lease holds at least one byte and at most 4 GiB less its control area. */
export const leaseBytesMax: number = 2 ** 32 - 2 ** 21;
/** An arena is a multiple of this: a cache line, behind which words of any size are aligned. */
export const arenaUnitBytes = 64;

/** A lease lasts from 10 ms to 30 days. */
export const leaseMsMin = 10;
export const leaseMsMax: number = 30 * 24 * 3600 * 1000;

/** Huge pages are asked for in this size, the common one on x86-64 and arm64. */
export const hugePageBytes: number = 2 ** 21;

/** One control message, encoded. */
export const controlFrameBytesMax = 16384;
/** What a plane says to its other end within one control message. */
export const planeBodyBytesMax = 1024;
/** Descriptors beside one control message: memory, the server's doorbell, the client's doorbell, the board. */
export const controlDescriptorsMax = 4;
/** Messages that may wait for a congested peer before its connection is given up. */
export const controlBacklogMax = 1024;
/** How long a control request may stay unanswered. */
export const controlRequestMs = 5000;
/** Connections to an agent that may wait to be accepted. */
export const listenBacklog = 512;

/** Connecting over the network: the kernel repeats its first packet after 1 s and after 3 s, and each may be lost. */
export const networkConnectMs = 4000;
/** A network peer that has said no valid hello by then is closed: hello takes one round trip and a turn of the peer's. */
export const greetingMs = 5000;
/** Network peers that have said no hello yet. One more, and the oldest goes: bursts of real peers fit, floods stay small. */
export const ungreetedMax = 256;
/** Network peers of one agent that have said hello; one more is refused. Each costs a descriptor for as long as it stays. */
export const greetedMax = 4096;
/** After this much silence the kernel probes a network peer each second, and gives it up after ten unanswered probes. */
export const networkSilenceMs = 10_000;
/** As long in all: what a network peer has not acknowledged by then was sent in vain. */
export const networkUnansweredMs = 20_000;
/** How long what was sent before a close may take to reach a network peer. */
export const closingMs = 2000;

/** Length of a service's name. */
export const serviceNameLengthMax = 128;
/** Service records in one answer, and their bytes, which with what is around them fit a control message. */
export const servicesMax = 64;
export const servicesBytesMax: number = controlFrameBytesMax - 128;
/** A peer that has not said by then which services it knows, or what one offers, is passed over. */
export const peerAnswerMs = 2000;
/**
 * Whoever watches a service asks the peers, and who did not answer, anew this often. Deaths are told at once, by a connection
 * of their own.
 */
export const peerPollMs = 2000;

/** A home that was lost is looked for anew after this long, then after twice as long, up to the maximum. */
export const reconnectMs = 20;
export const reconnectMsMax = 1000;
/** A home that was found again and has refused a lease for so long, for want of room, has given its place to others. */
export const noRoomMs = 10_000;

/** Completions that one process's queue holds: sends and receives of some hundred sessions. */
export const rdmaCompletionsMax = 65536;
/** Requests under way on one RDMA session. */
export const rdmaSendsMax = 128;
/** Frames of one session that may wait for room in its send queue; a peer that takes none of them is given up. */
export const rdmaFramesWaitingMax = 4096;
/** Slots of one RDMA session, in all its leases. */
export const rdmaSlotsMax = 64;
/** Frames of one session that may arrive before they are looked at: as many as the board has entries for, and then some. */
export const rdmaReceivesMax = 464;
/** READs and atomics under way on one RDMA session; what cards commonly allow. */
export const rdmaReadsMax = 16;

/** Memory that each RDMA session registers where leases are held by it: chunks for what is read and written, and words. */
export const rdmaStagingChunkBytes = 262_144;
export const rdmaStagingChunks = 8;
export const rdmaStagingWords = 512;

/** How long the home's test may take to arrive once it was written. */
export const rdmaTestMs = 2000;

/** How long the home's word on why an RDMA session broke is waited for. */
export const rdmaVerdictMs = 100;

/** Calls that may wait behind those in flight on a client. */
export const queuedCallsMax = 65536;
/** A call's deadline where none is given. */
export const callDeadlineMs = 30_000;

/** A typed service has at most so many methods, whose ids lie from 1 to the maximum; 0 is the hello's. */
export const serviceMethodsMax = 1024;
export const serviceMethodIdMax = 65535;
/** Length of a method's name, and of the version that its author gives to it or to its service. */
export const methodNameLengthMax = 128;
export const serviceVersionLengthMax = 64;
/** A service's description, encoded: it fits a slot of the classic layout. */
export const serviceDescriptionBytesMax = 32_000;
/** What one call carries beside its input: entries, the length of a key, and all its keys and values, as UTF-8. */
export const metadataEntriesMax = 64;
export const metadataKeyLengthMax = 128;
export const metadataBytesMax = 8192;
/** An error's message on its way to the client; longer ones are cut: an error is to be read, not to carry data. */
export const remoteMessageBytesMax = 4096;
/** Issues that a validation error tells of. */
export const validationIssuesMax = 8;
/** Length of each; a character takes up to three bytes. */
export const validationIssueLengthMax = 150;
/** Attempts that a retry policy may allow. */
export const retryAttemptsMax = 100;

/** The longest socket path that the kernel takes (sun_path less its end). */
export const socketPathBytesMax = 107;

invariant(leaseBytesMax + hugePageBytes <= 2 ** 32, 'a lease and its control area fit 32-bit offsets');
invariant(networkConnectMs <= controlRequestMs, 'a host that does not answer is told from one that answers late');
invariant(ungreetedMax <= greetedMax, 'whoever waits may come in, where nobody is in yet');
invariant(networkUnansweredMs > networkSilenceMs, 'a peer is probed before it is given up');
invariant(
  3 * validationIssuesMax * (validationIssueLengthMax + 1) + 2 * methodNameLengthMax + 40 <= remoteMessageBytesMax,
  'what is wrong with an input fits an error response',
);
invariant(serviceMethodsMax <= serviceMethodIdMax, 'each method has an id of its own');
invariant(rdmaReceivesMax >= 7 * rdmaSlotsMax, 'whatever is said of a slot finds a receive, in every slot');
invariant(controlFrameBytesMax <= 65536, 'a control message fits a Unix socket buffer');
