// Opens the queue pair of a session, with room for what one session has under way, and connects it to its peer.
import { type ProtectionDomain, QueuePair, type SystemError } from '#native';
import { CapacityExceeded } from '../../errors.ts';
import { rdmaReadsMax, rdmaReceivesMax, rdmaSendsMax } from '../../limits.ts';
import type { RdmaEngine } from './rdma-engine.ts';
import type { Endpoint } from './rdma-messages.ts';

/**
 * 4.096 µs · 2^14: 67 ms until a packet that is not acknowledged is sent again, up to `retries` times; then the session
 * is lost. Not 7, which rxe takes for "for ever", as it is with RNR.
 */
const ackTimeoutExponent = 14;
const retries = 6;
/** Slots bound what is under way: a peer that has no receive ready so often (7 would be for ever) keeps none. */
const rnrRetries = 6;
/** What posting copies at once, instead of leaving it to the card to fetch. */
const inlineBytesMax = 220;

/** Throws CapacityExceeded if there is no room for another. */
export function openQueuePair(engine: RdmaEngine, domain: ProtectionDomain): QueuePair {
  const limits = { sendsMax: rdmaSendsMax, receivesMax: rdmaReceivesMax, readsMax: rdmaReadsMax, inlineBytesMax };
  try {
    return new QueuePair(domain, engine.queue, limits);
  } catch (cause) {
    if ((cause as SystemError).code !== 'ENOBUFS') throw cause;
    const each = rdmaSendsMax + rdmaReceivesMax;
    const message = `no RDMA session more: each takes ${each} of the completion queue's ${engine.entriesMax} entries`;
    throw new CapacityExceeded(message, { cause });
  }
}

/** `packetSequence` is this end's. */
export function connectQueuePair(pair: QueuePair, engine: RdmaEngine, peer: Endpoint, packetSequence: number): void {
  const { attributes } = engine.context;
  pair.connect({
    number: peer.number,
    packetSequence: peer.packetSequence,
    gid: peer.gid,
    lid: peer.lid,
    mtuBytes: Math.min(peer.mtuBytes, attributes.activeMtuBytes),
    readsMax: Math.min(peer.readsMax, attributes.readsMax, rdmaReadsMax),
    ackTimeoutExponent,
    retries,
    rnrRetries,
    ownPacketSequence: packetSequence,
  });
}
