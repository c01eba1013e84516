// The holder's end of a session over RDMA: connects the queue pair when the first lease is bound, and keeps the mirrors.
import { MemoryRegion, RemoteRegion } from '#native';
import type { Random } from '../../environment.ts';
import { Disconnected, MalformedFrame } from '../../errors.ts';
import { rdmaTestMs, rdmaVerdictMs } from '../../limits.ts';
import type { BindRequest, ClientPort, HeldMemory, HolderLink, HolderLinkParts } from '../plane.ts';
import { RdmaAccess } from './rdma-access.ts';
import { RdmaClientPort } from './rdma-client-port.ts';
import type { RdmaEngine } from './rdma-engine.ts';
import { bindingOf, endOf, statusOf } from './rdma-frame.ts';
import { type Answer, type Ask, checkRegion, decodeAnswer, decodeOffer, encode, nonceBytes } from './rdma-messages.ts';
import { RdmaSession } from './rdma-session.ts';
import { RdmaStaging } from './rdma-staging.ts';
import { RdmaWindow } from './rdma-window.ts';

interface Session {
  readonly wire: RdmaSession;
  readonly staging: RdmaStaging;
}

/** How often the home's nonce is looked for. */
const testEveryMs = 1;

export class RdmaHolderLink implements HolderLink {
  readonly #engine: RdmaEngine;
  readonly #random: Random;
  readonly #parts: HolderLinkParts;
  readonly #held = new Map<number, RdmaHeldMemory>();
  /** Mirrors of leases given back, until the home has said that it writes there no more. */
  readonly #retiring = new Set<MemoryRegion>();
  #session: Promise<Session> | undefined;
  #opened: Session | undefined;
  #closed = false;

  constructor(engine: RdmaEngine, random: Random, parts: HolderLinkParts) {
    this.#engine = engine;
    this.#random = random;
    this.#parts = parts;
  }

  async bind({ identity, layout, slot, offer }: BindRequest): Promise<HeldMemory> {
    const { binding, region } = decodeOffer(offer);
    checkRegion(region, identity.arenaBytes);
    const { wire, staging } = await this.#connected();
    const home = new RemoteRegion(region.address, region.rkey, identity.arenaBytes);
    const window = new RdmaWindow(identity, layout, new RdmaAccess(wire, staging, home));
    const held = new RdmaHeldMemory(window, () => this.#retire(binding, held));
    this.#held.set(binding, held);
    try {
      if (slot !== undefined) held.open(wire, home, binding, this.#parts.onBroken);
      if (held.mirror !== undefined) await this.#ask({ op: 'mirror', binding, region: held.mirror }, 'done');
      return held;
    } catch (error) {
      held.close();
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    for (const held of [...this.#held.values()]) held.close();
    this.#opened?.wire.close();
    for (const mirror of this.#retiring) mirror.close();
    this.#retiring.clear();
    this.#opened?.staging.close();
    this.#opened = undefined;
  }

  #connected(): Promise<Session> {
    this.#session ??= this.#connect();
    return this.#session;
  }

  async #connect(): Promise<Session> {
    const wire = new RdmaSession(
      this.#engine,
      this.#random.bytes(3),
      (frame) => this.#arrived(frame),
      (error) => this.#broke(error),
    );
    const session = { wire, staging: new RdmaStaging(wire) };
    this.#opened = session;
    const { endpoint, test, nonce } = await this.#ask(
      { op: 'connect', endpoint: wire.endpoint, test: wire.testRegion },
      'connected',
    );
    wire.connect(endpoint, test);
    await this.#test(wire, nonce);
    await wire.measure();
    return session;
  }

  /** A WRITE in each direction has to arrive before the session counts. */
  async #test(wire: RdmaSession, expected: Uint8Array): Promise<void> {
    const nonce = this.#random.bytes(nonceBytes);
    await wire.settle(wire.writeTest(nonce));
    await this.#ask({ op: 'test', nonce }, 'done');
    const { clock } = this.#engine;
    const untilMs = clock.nowMs() + rdmaTestMs;
    while (Buffer.compare(wire.testReceived, expected) !== 0) {
      if (clock.nowMs() >= untilMs || this.#closed) {
        throw new Disconnected(`the home's test over RDMA did not arrive within ${rdmaTestMs} ms`);
      }
      await new Promise<void>((resolve) => clock.after(testEveryMs, resolve));
    }
  }

  async #ask<T extends Answer['op']>(ask: Ask, op: T): Promise<Extract<Answer, { op: T }>> {
    const answer = decodeAnswer(await this.#parts.ask(encode(ask)));
    if (answer.op === op) return answer as Extract<Answer, { op: T }>;
    throw new MalformedFrame(`the home's plane answered ${ask.op} with ${answer.op}`);
  }

  #arrived(frame: number): void {
    // Of a lease given back: late, and nobody's.
    this.#held.get(bindingOf(frame))?.arrived(frame);
  }

  /** Revoking a lease under fire breaks the session too: the home's word of it, if there is one, is on its way. */
  #broke(error: Disconnected): void {
    this.#engine.clock.after(rdmaVerdictMs, () => this.#parts.onBroken(error));
  }

  /** The home may be writing a response just now: the mirror stays registered until it says that it will not. */
  #retire(binding: number, held: RdmaHeldMemory): void {
    this.#held.delete(binding);
    const { region } = held;
    if (region === undefined) return;
    this.#retiring.add(region);
    if (this.#closed) return; // close() takes it, once the queue pair is gone.
    this.#ask({ op: 'unbind', binding }, 'done').then(
      () => {
        if (this.#retiring.delete(region)) region.close();
      },
      () => undefined, // The connection is going: close() takes it, as above.
    );
  }
}

class RdmaHeldMemory implements HeldMemory {
  readonly window: RdmaWindow;
  readonly #onClose: () => void;
  #port: RdmaClientPort | undefined;
  #region: MemoryRegion | undefined;
  #closed = false;

  constructor(window: RdmaWindow, onClose: () => void) {
    this.window = window;
    this.#onClose = onClose;
  }

  get clientPort(): ClientPort | undefined {
    return this.#port;
  }

  get region(): MemoryRegion | undefined {
    return this.#region;
  }

  /** What the home has to know of the mirror; undefined where there is no slot, and so nothing to be written to it. */
  get mirror(): { address: bigint; rkey: number } | undefined {
    if (this.#region === undefined) return undefined;
    const { address, rkey } = this.#region;
    return { address, rkey };
  }

  /** Registers the mirror, so that responses can be written to it. */
  open(wire: RdmaSession, home: RemoteRegion, binding: number, onBroken: (error: Disconnected) => void): void {
    const { arena } = this.window;
    const access = { remoteRead: false, remoteWrite: true, remoteAtomic: false };
    this.#region = new MemoryRegion(wire.domain, arena.buffer as ArrayBuffer, 0, arena.length, access);
    this.#port = new RdmaClientPort(wire, { binding, arena, mirror: this.#region, home, onBroken });
  }

  arrived(frame: number): void {
    const end = endOf(frame);
    if (end !== undefined) {
      this.window.end(end);
      this.#port?.wake();
    } else if (statusOf(frame) !== 0) {
      this.#port?.arrived(statusOf(frame));
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#port?.disarm();
    this.#port?.keepAlive(false);
    this.window.close();
    this.#onClose();
  }
}
