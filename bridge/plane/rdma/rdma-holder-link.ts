// The holder's end of a session over RDMA: connects the queue pair when the first lease is bound, and keeps the mirrors.
import { type MemoryRegion, RemoteRegion } from '#native';
import type { Random } from '../../environment.ts';
import { CapacityExceeded, Disconnected, MalformedFrame } from '../../errors.ts';
import { invariant } from '../../invariant.ts';
import type { LeaseIdentity, SlotLayout } from '../../lease/control-page.ts';
import { rdmaTestMs, rdmaVerdictMs } from '../../limits.ts';
import type { BindRequest, HeldMemory, HolderLink, HolderLinkParts } from '../plane.ts';
import { BindingRuns } from './binding-runs.ts';
import type { RdmaEngine } from './rdma-engine.ts';
import { bindingOf } from './rdma-frame.ts';
import { type HeldEvents, RdmaHeldMemory } from './rdma-held-memory.ts';
import { type Answer, type Ask, checkRegion, decodeAnswer, decodeOffer, encode, nonceBytes } from './rdma-messages.ts';
import { RdmaSession } from './rdma-session.ts';
import { RdmaStaging } from './rdma-staging.ts';

interface Session {
  readonly wire: RdmaSession;
  readonly staging: RdmaStaging;
}

/** How often the home's nonce is looked for. */
const testEveryMs = 1;

export class RdmaHolderLink implements HolderLink {
  readonly resumes = true;
  readonly #engine: RdmaEngine;
  readonly #random: Random;
  readonly #parts: HolderLinkParts;
  readonly #held = new BindingRuns<RdmaHeldMemory>();
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

  async bind({ identity, layout, slots, offer, held }: BindRequest): Promise<HeldMemory> {
    const { binding, region } = decodeOffer(offer);
    checkRegion(region, identity.arenaBytes);
    const session = await this.#connected();
    this.#checkOpen();
    const memory = this.#memoryFor(identity, layout, held);
    const home = new RemoteRegion(region.address, region.rkey, identity.arenaBytes);
    try {
      memory.connect({ ...session, binding, home }, slots, this.#eventsOf(binding));
      this.#held.add(binding, slots?.count ?? 1, memory);
      if (memory.mirror !== undefined) await this.#ask({ op: 'mirror', binding, region: memory.mirror }, 'done');
      return memory;
    } catch (error) {
      if (held === undefined) memory.close();
      this.#held.delete(binding);
      memory.disconnect();
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    this.#opened?.wire.close();
    for (const held of this.#held.values()) held.disconnect();
    this.#held.clear();
    for (const mirror of this.#retiring) mirror.close();
    this.#retiring.clear();
    this.#opened?.staging.close();
    this.#opened = undefined;
  }

  /** What is bound for the first time, or `held`, which hung on another link. */
  #memoryFor(identity: LeaseIdentity, layout: SlotLayout, held: HeldMemory | undefined): RdmaHeldMemory {
    if (held === undefined) return new RdmaHeldMemory(this.#engine, identity, layout);
    invariant(held instanceof RdmaHeldMemory, 'a lease is resumed by the plane that bound it');
    if (held.closed) throw new Disconnected('the lease has ended meanwhile');
    if (held.window.arena.length === identity.arenaBytes) return held;
    throw new MalformedFrame(`a lease of ${held.window.arena.length} bytes came back with ${identity.arenaBytes}`);
  }

  #eventsOf(binding: number): HeldEvents {
    return { onBroken: this.#parts.onBroken, onClose: (mirror) => this.#retire(binding, mirror) };
  }

  #connected(): Promise<Session> {
    this.#session ??= this.#connect();
    return this.#session;
  }

  /** For want of room, here or at home, it can be tried again later. */
  async #connect(): Promise<Session> {
    try {
      return await this.#open();
    } catch (error) {
      if (error instanceof CapacityExceeded && !this.#closed) this.#closeSession();
      throw error;
    }
  }

  #closeSession(): void {
    this.#opened?.wire.close();
    this.#opened?.staging.close();
    this.#opened = undefined;
    this.#session = undefined;
  }

  async #open(): Promise<Session> {
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
    this.#checkOpen();
    wire.connect(endpoint, test);
    await this.#test(wire, nonce);
    await wire.measure();
    return session;
  }

  /** The link may be closed while something is waited for. */
  #checkOpen(): void {
    if (this.#closed) throw new Disconnected('the RDMA session was closed here');
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
    const held = this.#held.find(bindingOf(frame));
    held?.value.arrived(held.place, frame);
  }

  /** Revoking a lease under fire breaks the session too: the home's word of it, if there is one, is on its way. */
  #broke(error: Disconnected): void {
    this.#engine.clock.after(rdmaVerdictMs, () => {
      if (!this.#closed) this.#parts.onBroken(error);
    });
  }

  /** The home may be writing a response just now: the mirror stays registered until it says that it will not. */
  #retire(binding: number, mirror: MemoryRegion | undefined): void {
    this.#held.delete(binding);
    if (mirror === undefined) return;
    this.#retiring.add(mirror);
    this.#ask({ op: 'unbind', binding }, 'done').then(
      () => {
        if (this.#retiring.delete(mirror)) mirror.close();
      },
      () => undefined, // The connection is going: close() takes it, once the queue pair is gone.
    );
  }
}
