// What carries control messages: whole messages in order, with attachments where the carrier can take them (a Unix
// socket can, TCP cannot). The end of a carrier is the end of every session on it.
import type { NetworkAddress } from '../network-address.ts';
import type { Attachment } from '../plane/plane.ts';

export interface CarrierEvents {
  /** A message; its attachments belong to the callee. */
  onMessage(bytes: Uint8Array, attachments: readonly Attachment[]): void;
  /**
   * The peer has closed, or the carrier has failed (`error`). Called once, and last. A peer that broke the framing
   * (MalformedFrame) can still be told so before this returns.
   */
  onClose(error: Error | undefined): void;
}

export interface Carrier {
  /** Whether attachments can travel. Where they cannot, sending some is a bug. */
  readonly carriesAttachments: boolean;
  /** Starts delivery. Events come from the event loop or from `pump()`. */
  open(events: CarrierEvents): void;
  /** Sends, or queues behind a congested peer. Attachments are borrowed. A carrier that is closed drops the message. */
  send(bytes: Uint8Array, attachments: readonly Attachment[]): void;
  /** Delivers at once whatever has arrived, where that can be had without the event loop (not from a network). */
  pump(): void;
  /** The peer has said a valid hello: a listener that turns out strangers lets it stay. */
  greeted(): void;
  /** While true, the carrier keeps the process alive. Starts out false. */
  keepAlive(keep: boolean): void;
  /** Closes without telling `onClose`; what was sent still arrives if it can. Closing twice is harmless. */
  close(): void;
}

/** Accepts carriers. */
export interface CarrierListener {
  readonly address: string;
  close(): void;
}

/** How an agent is reached and reaches others, on one kind of carrier. */
export interface CarrierTransport {
  /** Listens at `address`. Calls back with each carrier whose peer may talk to us. */
  listen(address: string, onCarrier: (carrier: Carrier) => void): CarrierListener;
  /** Throws Disconnected if nobody listens at `address`, and CapacityExceeded while the listener's backlog is full. */
  connect(address: string): Carrier;
}

/** Accepts carriers from other machines. */
export interface NetworkListener {
  /** With the port that was taken, where any would do. */
  readonly address: NetworkAddress;
  close(): void;
}

/** As CarrierTransport, between machines. */
export interface NetworkTransport {
  /** Rejects with Unsupported where that address may not be listened at, IoError where it cannot. */
  listen(address: NetworkAddress, onCarrier: (carrier: Carrier) => void): Promise<NetworkListener>;
  /** Rejects with Disconnected if nobody answers there, Unsupported if that address may not be talked to. */
  connect(address: NetworkAddress): Promise<Carrier>;
}
