// Two queue pairs of one process, connected with each other: each end with memory and completions of its own. The device
// is the one that the node has.
import { setImmediate } from 'node:timers/promises';
import {
  CompletionQueue,
  createSealedMemfd,
  listRdmaDevices,
  Mapping,
  MemoryRegion,
  ProtectionDomain,
  QueuePair,
  type QueuePairRoute,
  type RegionAccess,
  RemoteRegion,
  VerbsContext,
} from '#native';

/** Far beyond what anything takes that is waited for: only a hang reaches it. */
const WAIT_MS_MAX = 60_000;
const WORDS = 4;

export const regionBytes = 65_536;
export const allAccess: RegionAccess = { remoteRead: true, remoteWrite: true, remoteAtomic: true };

export interface Reported {
  readonly word: number;
  readonly kind: number;
  readonly pair: number;
  readonly detail: number;
}

export interface LoopOptions {
  readonly sendsMax?: number;
  readonly receivesMax?: number;
  readonly entriesMax?: number;
  readonly inlineBytesMax?: number;
  /** What the left end does about a right one that has no receive posted. */
  readonly rnrRetries?: number;
  readonly access?: RegionAccess;
}

export function openContext(): VerbsContext {
  for (const { name, ports } of listRdmaDevices()) {
    for (const { port, gids } of ports) {
      const gid = gids.find(({ type, ipv4 }) => type === 'roce-v2' && ipv4 !== undefined);
      if (gid !== undefined) return new VerbsContext(name, port, gid.index);
    }
  }
  throw new Error('there is no RDMA device with RoCE v2 over IPv4');
}

export function createMapping(bytes: number = regionBytes): Mapping {
  const memfd = createSealedMemfd('leasewire-test', bytes, false);
  const mapping = new Mapping(memfd, bytes);
  memfd.close();
  return mapping;
}

export class End {
  readonly mapping: Mapping = createMapping();
  readonly bytes: Uint8Array = new Uint8Array(this.mapping.buffer);
  readonly words: BigUint64Array = new BigUint64Array(this.mapping.buffer);
  readonly region: MemoryRegion;
  readonly queue: CompletionQueue;
  readonly pair: QueuePair;
  /** What was polled, in its order. */
  readonly reported: Reported[] = [];

  constructor(context: VerbsContext, domain: ProtectionDomain, options: LoopOptions) {
    const { sendsMax = 16, receivesMax = 16, inlineBytesMax = 128, access = allAccess } = options;
    this.region = new MemoryRegion(domain, this.mapping.buffer, 0, regionBytes, access);
    this.queue = new CompletionQueue(context, options.entriesMax ?? sendsMax + receivesMax);
    this.pair = new QueuePair(domain, this.queue, { sendsMax, receivesMax, readsMax: 4, inlineBytesMax });
  }

  get remote(): RemoteRegion {
    return new RemoteRegion(this.region.address, this.region.rkey, regionBytes);
  }

  poll(): void {
    const { completions } = this.queue;
    const count = this.queue.poll(1);
    for (let at = 0; at < count * WORDS; at += WORDS) {
      const [word = 0, kind = 0, pair = 0, detail = 0] = completions.subarray(at, at + WORDS);
      this.reported.push({ word, kind, pair, detail });
    }
  }

  /** Polls until `count` completions were reported, and takes them. */
  async take(count: number): Promise<Reported[]> {
    await until(() => {
      this.poll();
      return this.reported.length >= count;
    });
    return this.reported.splice(0, count);
  }

  close(): void {
    for (const resource of [this.pair, this.queue, this.region, this.mapping]) resource.close();
  }
}

export class Loop {
  readonly context: VerbsContext = openContext();
  readonly domain: ProtectionDomain = new ProtectionDomain(this.context);
  readonly left: End;
  readonly right: End;
  readonly #rnrRetries: number;

  constructor(options: LoopOptions = {}) {
    this.#rnrRetries = options.rnrRetries ?? 7;
    this.left = new End(this.context, this.domain, options);
    this.right = new End(this.context, this.domain, options);
    this.left.pair.connect(this.routeTo(this.right.pair, 100, 200));
    this.right.pair.connect(this.routeTo(this.left.pair, 200, 100));
  }

  routeTo(peer: QueuePair, ownPacketSequence: number, packetSequence: number): QueuePairRoute {
    const { gid, lid, activeMtuBytes } = this.context.attributes;
    return {
      number: peer.number,
      packetSequence,
      ownPacketSequence,
      gid,
      lid,
      mtuBytes: activeMtuBytes,
      readsMax: 4,
      ackTimeoutExponent: 14,
      retries: 3,
      rnrRetries: this.#rnrRetries,
    };
  }

  close(): void {
    this.left.close();
    this.right.close();
    this.domain.close();
    this.context.close();
  }
}

/** Another two queue pairs, beside those of `loop` on its two completion queues. */
export class Neighbours {
  readonly first: QueuePair;
  readonly second: QueuePair;

  constructor(loop: Loop, sendsMax: number = 8, connected: boolean = true) {
    const limits = { sendsMax, receivesMax: sendsMax, readsMax: 4, inlineBytesMax: 64 };
    this.first = new QueuePair(loop.domain, loop.left.queue, limits);
    this.second = new QueuePair(loop.domain, loop.right.queue, limits);
    if (!connected) return;
    this.first.connect(loop.routeTo(this.second, 300, 400));
    this.second.connect(loop.routeTo(this.first, 400, 300));
  }

  close(): void {
    this.first.close();
    this.second.close();
  }
}

/** Lets the event loop turn until `isDone`. */
export async function until(isDone: () => boolean): Promise<void> {
  const endMs = performance.now() + WAIT_MS_MAX;
  while (!isDone()) {
    if (performance.now() > endMs) throw new Error('what was waited for did not come');
    await setImmediate();
  }
}
