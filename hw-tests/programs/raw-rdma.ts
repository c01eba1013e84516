// A holder's session over RDMA, by hand: the control protocol's words and a queue pair, and nobody who would stop it from
// posting what it likes. What a holder must not be able to do at home is tried with it.
import { randomBytes } from 'node:crypto';
import {
  CompletionQueue,
  completionKinds,
  createSealedMemfd,
  listRdmaDevices,
  Mapping,
  MemoryRegion,
  ProtectionDomain,
  QueuePair,
  RemoteRegion,
  VerbsContext,
} from '#native';
import type { SlotGrant } from '../../bridge/control/messages.ts';
import { leaseIdToBytes } from '../../bridge/lease/lease-id.ts';
import {
  type Answer,
  type Ask,
  decodeAnswer,
  decodeOffer,
  type Endpoint,
  encode,
  nonceBytes,
} from '../../bridge/plane/rdma/rdma-messages.ts';
import { RawControl, type Target } from './raw-control.ts';

const sourceBytes = 65_536;
const packetSequence = 4711;
const completionWords = 4;
const doneMsMax = 20_000;

function openContext(): VerbsContext {
  for (const { name, ports } of listRdmaDevices()) {
    for (const { port, gids } of ports) {
      const gid = gids.find(({ type, ipv4 }) => type === 'roce-v2' && ipv4 !== undefined);
      if (gid !== undefined) return new VerbsContext(name, port, gid.index);
    }
  }
  throw new Error('there is no RDMA device with RoCE v2 over IPv4');
}

function ownMemory(): Mapping {
  const memfd = createSealedMemfd('leasewire-test', sourceBytes, false);
  const mapping = new Mapping(memfd, sourceBytes);
  memfd.close();
  return mapping;
}

/** What a refusal says, as `Code: message`. */
export class Refused extends Error {
  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.name = code;
  }
}

/** What this process has of RDMA, whatever its sessions do. */
export class RawCard {
  readonly context: VerbsContext = openContext();
  readonly queue: CompletionQueue = new CompletionQueue(this.context, 4096);
}

export interface QueueLimits {
  readonly sendsMax?: number;
  readonly receivesMax?: number;
}

/** What the home has granted. */
interface Held {
  readonly binding: number;
  readonly slots: SlotGrant | null;
  /** Where the lease's bytes are at home, as long as it is held. */
  readonly home: RemoteRegion;
}

export class RawSession {
  readonly control: RawControl;
  readonly pair: QueuePair;
  readonly region: MemoryRegion;
  /** What is written from, and behind it where the home's test arrives. */
  readonly bytes: Uint8Array;
  /** Posts that succeeded. */
  done = 0;
  /** `ibv_wc_status` of the first post that failed. */
  failure: number | undefined;
  readonly #card: RawCard;
  readonly #domain: ProtectionDomain;
  readonly #mapping = ownMemory();
  readonly #holder = randomBytes(16);
  #seq = 0;

  constructor(card: RawCard, control: RawControl, { sendsMax = 64, receivesMax = 64 }: QueueLimits = {}) {
    this.#card = card;
    this.control = control;
    this.#domain = new ProtectionDomain(card.context);
    const limits = { sendsMax, receivesMax, readsMax: 16, inlineBytesMax: 0 };
    this.pair = new QueuePair(this.#domain, card.queue, limits);
    const access = { remoteRead: true, remoteWrite: true, remoteAtomic: true };
    this.region = new MemoryRegion(this.#domain, this.#mapping.buffer, 0, sourceBytes, access);
    this.bytes = new Uint8Array(this.#mapping.buffer);
  }

  /** Connected and tested, as a holder that means well would be. */
  static async open(card: RawCard, { address }: Target, limits?: QueueLimits): Promise<RawSession> {
    const session = new RawSession(card, await RawControl.greet(address), limits);
    await session.connect();
    return session;
  }

  get endpoint(): Endpoint {
    const { gid, lid, activeMtuBytes } = this.#card.context.attributes;
    return {
      number: this.pair.number,
      packetSequence,
      gid,
      lid,
      mtuBytes: activeMtuBytes,
      readsMax: 16,
    };
  }

  async connect(): Promise<void> {
    const { address, rkey } = this.region;
    const test = { address: address + BigInt(sourceBytes - nonceBytes), rkey };
    const connected = await this.askPlane({ op: 'connect', endpoint: this.endpoint, test });
    if (connected.op !== 'connected') throw new Error(`connect was answered with ${connected.op}`);
    this.#connectPair(connected.endpoint);
    const nonce = randomBytes(nonceBytes);
    this.bytes.set(nonce);
    const region = new RemoteRegion(connected.test.address, connected.test.rkey, nonceBytes);
    this.pair.write(this.region, 0, nonceBytes, region, 0, 1);
    await this.settled();
    await this.askPlane({ op: 'test', nonce });
  }

  async attach({ lease }: Target, slots: number): Promise<Held> {
    this.#seq += 1;
    const answer = await this.control.ask(
      { type: 'attach', lease: leaseIdToBytes(lease), slots, holder: this.#holder },
      this.#seq,
    );
    if (answer?.type === 'refused') throw new Refused(answer.code, answer.message);
    if (answer?.type !== 'attached') throw new Error(`attach was answered with ${answer?.type}`);
    const { binding, region } = decodeOffer(answer.offer);
    return { binding, slots: answer.slots, home: new RemoteRegion(region.address, region.rkey, answer.arenaBytes) };
  }

  /** Throws Refused if the home's plane refuses. */
  async askPlane(ask: Ask): Promise<Answer> {
    this.#seq += 1;
    const answer = await this.control.ask({ type: 'plane', body: encode(ask) }, this.#seq);
    if (answer === undefined) throw new Refused('closed', 'the home has closed the connection');
    if (answer.type === 'refused') throw new Refused(answer.code, answer.message);
    if (answer.type !== 'plane-answer') throw new Error(`the plane was answered with ${answer.type}`);
    return decodeAnswer(answer.body);
  }

  /** Takes what has completed on the card. One session at a time is looked after. */
  poll(): void {
    const { queue } = this.#card;
    const words = queue.completions;
    for (let count = queue.poll(1); count > 0; count = queue.poll(1)) {
      for (let at = 0; at < count * completionWords; at += completionWords) {
        this.#take(words[at + 1] as number, words[at + 2] as number, words[at + 3] as number);
      }
    }
  }

  /** Until all that was posted is done, or has failed. */
  async settled(): Promise<void> {
    const giveUpAtMs = performance.now() + doneMsMax;
    while (this.pair.outstanding > 0 && this.failure === undefined) {
      this.poll();
      if (performance.now() > giveUpAtMs) throw new Error('what was posted does not end');
      await new Promise(setImmediate);
    }
  }

  close(): void {
    this.control.close();
    this.pair.close();
    this.region.close();
    this.#domain.close();
    this.#mapping.close();
  }

  #take(kind: number, pair: number, status: number): void {
    if (pair !== this.pair.number) return; // Of one that was closed.
    if (kind === completionKinds.done) this.done += 1;
    else this.failure ??= status;
  }

  #connectPair(home: Endpoint): void {
    const { activeMtuBytes } = this.#card.context.attributes;
    this.pair.connect({
      number: home.number,
      packetSequence: home.packetSequence,
      ownPacketSequence: packetSequence,
      gid: home.gid,
      lid: home.lid,
      mtuBytes: Math.min(home.mtuBytes, activeMtuBytes),
      readsMax: Math.min(home.readsMax, 16),
      ackTimeoutExponent: 14,
      retries: 7,
      rnrRetries: 7,
    });
  }
}
