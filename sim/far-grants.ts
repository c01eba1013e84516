// What the home's end of a session with another machine has lent there, by the number that names each lease in it. Its
// holder is a client of the server from the moment it says that it is ready: before that it has no mirror to write to, and
// what is published for it would be lost.
import { CapacityExceeded, Disconnected, type HomeMemory, invariant, MalformedFrame, type SlotRange } from '#bridge';
import { farClient } from './far-client.ts';
import type { FarWay } from './far-path.ts';
import type { FarNews } from './far-request.ts';
import { MemoryHome } from './memory-plane.ts';

export type EndReason = Extract<FarNews, { ended: unknown }>['ended'];

interface FarGrant {
  readonly memory: MemoryHome;
  readonly slots: SlotRange | undefined;
  isOpen: boolean;
}

const bindingMax: number = 2 ** 32 - 1;

export class FarGrants {
  readonly #end: FarWay;
  readonly #grants = new Map<number, FarGrant>();
  #lastBinding = 0;

  constructor(end: FarWay) {
    this.#end = end;
  }

  /** Opens it to the session's holder; returns its binding. Throws CapacityExceeded. */
  add(memory: HomeMemory, slots: SlotRange | undefined): number {
    invariant(memory instanceof MemoryHome, 'what is lent to other machines is memory of this one');
    if (this.#lastBinding === bindingMax) throw new CapacityExceeded(`this session has bound ${bindingMax} leases`);
    const binding = ++this.#lastBinding;
    this.#grants.set(binding, { memory, slots, isOpen: false });
    this.#end.regions.set(binding, memory.window.arena);
    return binding;
  }

  /** The holder is ready for it. Throws Disconnected if it was withdrawn meanwhile. */
  open(binding: number): void {
    const grant = this.#grants.get(binding);
    if (grant === undefined) throw new Disconnected(`binding ${binding} is over`);
    if (grant.isOpen) throw new MalformedFrame(`binding ${binding} is open already`);
    grant.isOpen = true;
    const { memory, slots } = grant;
    if (slots === undefined) return;
    memory.serverPort?.addFarClient(slots, farClient(this.#end, binding, memory.window, slots));
  }

  /** The bindings of a lease. */
  of(memory: HomeMemory): number[] {
    return this.all().filter((binding) => this.#grants.get(binding)?.memory === memory);
  }

  all(): number[] {
    return [...this.#grants.keys()];
  }

  /** Closed to the holder, who is told why if a reason is given. */
  remove(binding: number, reason?: EndReason): void {
    const grant = this.#grants.get(binding);
    if (grant === undefined) return;
    const { memory, slots, isOpen } = grant;
    if (reason !== undefined && slots !== undefined) {
      this.#end.publish(binding, 0, new Uint8Array(0), { ended: reason });
    }
    this.#grants.delete(binding);
    this.#end.regions.delete(binding);
    if (isOpen && slots !== undefined) memory.serverPort?.removeClient(slots.client);
  }

  /** The holder says something: nobody's, if the lease was withdrawn. */
  heard(binding: number, news: FarNews): void {
    const { slots, memory, isOpen } = this.#grants.get(binding) ?? {};
    if (slots === undefined || !isOpen || 'ended' in news || news.place >= slots.count) return;
    const slot = slots.first + news.place;
    if ('status' in news) memory?.serverPort?.arrived(slots.client, slot, news.status);
    else memory?.serverPort?.told(slots.client, slot, news.kind);
  }
}
