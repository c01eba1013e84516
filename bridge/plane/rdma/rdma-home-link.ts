// The home's end of a session over RDMA: registers each granted lease in the session's own protection domain, and takes
// the registration back, which is what stops the peer at the card.
import { MemoryRegion, RemoteRegion } from '#native';
import type { Random } from '../../environment.ts';
import { CapacityExceeded, Disconnected, type FabricError, MalformedFrame } from '../../errors.ts';
import { invariant } from '../../invariant.ts';
import type { LeaseIdentity } from '../../lease/control-page.ts';
import type { EndReason } from '../../lease/lease-status.ts';
import { rdmaSlotsMax } from '../../limits.ts';
import { arenaWords, IndexFlow } from '../index-flow.ts';
import { LocalHomeMemory } from '../local/local-plane.ts';
import type { FarClient } from '../local/local-server-port.ts';
import type { Grant, HomeLink, HomeMemory } from '../plane.ts';
import type { SlotRange } from '../slot-board.ts';
import { BindingRuns } from './binding-runs.ts';
import type { RdmaEngine } from './rdma-engine.ts';
import { bindingMax, bindingOf, endedFrameOf, entryKindOf, frameOf, frameStatusOf, statusOf } from './rdma-frame.ts';
import type { RdmaHomeAtomics } from './rdma-home-atomics.ts';
import { rdmaIndexWire } from './rdma-index-wire.ts';
import {
  type Answer,
  type Ask,
  checkRegion,
  decodeAsk,
  type Endpoint,
  encode,
  nonceBytes,
  type RegionName,
} from './rdma-messages.ts';
import { RdmaSession } from './rdma-session.ts';

interface Binding {
  readonly number: number;
  readonly memory: LocalHomeMemory;
  readonly region: MemoryRegion;
  readonly arenaBytes: number;
  readonly slots: SlotRange | undefined;
  /** Where responses go; unknown until the holder has said so. */
  mirror: RemoteRegion | undefined;
}

export class RdmaHomeLink implements HomeLink {
  readonly #engine: RdmaEngine;
  readonly #random: Random;
  readonly #atomics: RdmaHomeAtomics;
  readonly #onBroken: (error: FabricError) => void;
  readonly #bindings = new BindingRuns<Binding>();
  /** Of this session's holder, in all leases. */
  #slotCount = 0;
  #session: RdmaSession | undefined;
  #nonce: Uint8Array = new Uint8Array(0);
  #tested = false;
  #lastBinding = 0;

  constructor(engine: RdmaEngine, random: Random, atomics: RdmaHomeAtomics, onBroken: (error: FabricError) => void) {
    this.#engine = engine;
    this.#random = random;
    this.#atomics = atomics;
    this.#onBroken = onBroken;
  }

  answer(body: Uint8Array): Uint8Array {
    return encode(this.#answer(decodeAsk(body)));
  }

  grant(memory: HomeMemory, identity: LeaseIdentity, slots: SlotRange | undefined): Grant {
    invariant(memory instanceof LocalHomeMemory, 'what RDMA exports is memory of this machine');
    const { domain } = this.#openSession();
    const count = slots?.count ?? 1;
    this.#checkRoom(count);
    const number = this.#lastBinding + 1;
    const { arenaBytes } = identity;
    const buffer = memory.window.arena.buffer as ArrayBuffer;
    const access = { remoteRead: true, remoteWrite: true, remoteAtomic: true };
    const region = new MemoryRegion(domain, buffer, 0, arenaBytes, access);
    this.#atomics.hold(memory);
    this.#lastBinding += count;
    this.#slotCount += slots?.count ?? 0;
    this.#bindings.add(number, count, { number, memory, region, arenaBytes, slots, mirror: undefined });
    const { address, rkey } = region;
    return { attachments: [], offer: encode({ binding: number, region: { address, rkey } }) };
  }

  /** Politely first: the holder is told on the data path. Then the region goes, and if that fails the queue pair. */
  withdraw(memory: HomeMemory, reason?: EndReason): boolean {
    const binding = [...this.#bindings.values()].find((each) => each.memory === memory);
    if (binding === undefined) return true;
    this.#bindings.delete(binding.number);
    this.#slotCount -= binding.slots?.count ?? 0;
    removeClient(binding);
    if (reason !== undefined) this.#tellEnd(binding, reason);
    this.#atomics.drop(binding.memory);
    return this.#unregister(binding.region);
  }

  close(): void {
    this.#session?.close();
    for (const binding of this.#bindings.values()) {
      removeClient(binding);
      this.#atomics.drop(binding.memory);
      binding.region.close();
    }
    this.#bindings.clear();
    this.#session = undefined;
  }

  #answer(ask: Ask): Answer {
    switch (ask.op) {
      case 'connect':
        return this.#connect(ask.endpoint, ask.test);
      case 'test':
        return this.#test(ask.nonce);
      case 'mirror':
        return this.#setMirror(ask.binding, ask.region);
      case 'unbind':
        return this.#unbind(ask.binding);
    }
  }

  #connect(endpoint: Endpoint, test: RegionName): Answer {
    if (this.#nonce.length > 0) throw new MalformedFrame('this RDMA session is connected already');
    checkRegion(test, nonceBytes);
    const session = this.#openSession();
    this.#nonce = this.#random.bytes(nonceBytes);
    session.connect(endpoint, test);
    return { op: 'connected', endpoint: session.endpoint, test: session.testRegion, nonce: this.#nonce };
  }

  /** The holder's WRITE was acknowledged before it asked, so its bytes are here, if they came here at all. */
  #test(nonce: Uint8Array): Answer {
    const session = this.#openSession();
    if (this.#nonce.length === 0 || Buffer.compare(session.testReceived, nonce) !== 0) {
      throw new Disconnected('the test over RDMA did not arrive: what the card reaches is not this process');
    }
    session.writeTest(this.#nonce);
    this.#tested = true;
    void session.measure().catch(() => undefined); // Broken: its owner was told.
    return { op: 'done' };
  }

  #setMirror(number: number, region: RegionName): Answer {
    if (!this.#tested) throw new MalformedFrame('this RDMA session is not tested yet');
    const binding = this.#bindings.get(number);
    if (binding === undefined) throw new Disconnected(`binding ${number} is over`);
    const { slots, memory, arenaBytes } = binding;
    if (slots === undefined || binding.mirror !== undefined) throw new MalformedFrame('this binding takes no mirror');
    checkRegion(region, arenaBytes);
    binding.mirror = new RemoteRegion(region.address, region.rkey, arenaBytes);
    memory.serverPort?.addFarClient(slots, this.#clientOf(binding, slots, binding.mirror), this.#engine);
    return { op: 'done' };
  }

  #clientOf({ region, number, memory }: Binding, { first }: SlotRange, mirror: RemoteRegion): FarClient {
    const session = this.#openSession();
    const words = arenaWords(memory.window);
    return {
      indices: new IndexFlow(rdmaIndexWire(session, number, region, mirror), words, 'home'),
      publish: (slot, offset, bytes, status) => {
        const frame = frameOf(number + slot - first, status);
        session.publish(region, offset, bytes, mirror, offset, frame); // Publishes: response.
      },
      tell: (slot, kind, offset, bytes) => {
        const frame = frameOf(number + slot - first, frameStatusOf(kind));
        session.publish(region, offset, bytes, mirror, offset, frame); // Publishes: response.
      },
    };
  }

  #unbind(number: number): Answer {
    const binding = this.#bindings.get(number);
    if (binding !== undefined) {
      binding.mirror = undefined;
      removeClient(binding);
    }
    return { op: 'done' };
  }

  #openSession(): RdmaSession {
    this.#session ??= new RdmaSession(
      this.#engine,
      this.#random.bytes(3),
      (frame) => this.#arrived(frame),
      (error) => this.#onBroken(error),
    );
    return this.#session;
  }

  #arrived(frame: number): void {
    const { value: binding, place = 0 } = this.#bindings.find(bindingOf(frame)) ?? {};
    const status = statusOf(frame);
    // Of a lease that was withdrawn: this is the generation in the frame, and its bytes met no region.
    if (binding?.slots === undefined || status === 0) return;
    const { client, first } = binding.slots;
    const kind = entryKindOf(status);
    if (kind === undefined) binding.memory.serverPort?.arrived(client, first + place, status);
    else binding.memory.serverPort?.told(client, first + place, kind);
  }

  /** What is under way in the slots must fit what the queue pair takes in. */
  #checkRoom(count: number): void {
    if (this.#lastBinding + count > bindingMax) {
      throw new CapacityExceeded(`this session has bound ${this.#lastBinding} leases or slots, at most ${bindingMax}`);
    }
    if (this.#slotCount + count <= rdmaSlotsMax) return;
    throw new CapacityExceeded(`a session over RDMA has at most ${rdmaSlotsMax} slots, and ${this.#slotCount} already`);
  }

  #tellEnd({ region, mirror, number }: Binding, reason: EndReason): void {
    if (mirror !== undefined) this.#session?.publish(region, 0, 0, mirror, 0, endedFrameOf(number, reason));
  }

  #unregister(region: MemoryRegion): boolean {
    try {
      region.close();
      return true;
    } catch (cause) {
      this.#session?.break(new Disconnected('a region could not be taken back', { cause }));
    }
    try {
      this.#session?.close();
      region.close();
      return true;
    } catch {
      return false; // Fenced.
    }
  }
}

function removeClient({ slots, memory }: Binding): void {
  if (slots !== undefined) memory.serverPort?.removeClient(slots.client);
}
