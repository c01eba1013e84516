// The home's end of a far session: opens each granted lease to the session's card, and closes it again, which is what
// stops the holder.
import {
  CapacityExceeded,
  type FabricError,
  type Grant,
  type HomeLink,
  type HomeMemory,
  invariant,
  MalformedFrame,
  type SlotRange,
} from '#bridge';
import type { FarCard } from './far-card.ts';
import { farClient } from './far-client.ts';
import type { FarEnd } from './far-end.ts';
import { decodeNumber, encodeNumber } from './far-numbers.ts';
import type { FarNews } from './far-request.ts';
import { MemoryHome } from './memory-plane.ts';

interface Binding {
  readonly memory: MemoryHome;
  readonly slots: SlotRange | undefined;
}

type EndReason = Extract<FarNews, { ended: unknown }>['ended'];

const bindingMax: number = 2 ** 32 - 1;

export class FarHomeLink implements HomeLink {
  readonly #card: FarCard;
  readonly #end: FarEnd;
  readonly #bindings = new Map<number, Binding>();
  #connected = false;
  #lastBinding = 0;

  constructor(card: FarCard, onBroken: (error: FabricError) => void) {
    this.#card = card;
    this.#end = card.openEnd({ onNews: (binding, news) => this.#heard(binding, news), onBroken });
  }

  /** The holder says which its end is, and is told which is the home's. */
  answer(body: Uint8Array): Uint8Array {
    if (this.#connected) throw new MalformedFrame('this far session is connected already');
    this.#connected = true;
    this.#end.connect(decodeNumber(body));
    return encodeNumber(this.#end.number);
  }

  grant(memory: HomeMemory, _identity: unknown, slots: SlotRange | undefined): Grant {
    invariant(memory instanceof MemoryHome, 'what is lent to other machines is memory of this one');
    if (this.#lastBinding === bindingMax) throw new CapacityExceeded(`this session has bound ${bindingMax} leases`);
    const binding = ++this.#lastBinding;
    this.#bindings.set(binding, { memory, slots });
    this.#end.regions.set(binding, memory.window.arena);
    if (slots !== undefined) {
      memory.serverPort?.addFarClient(slots, farClient(this.#end, binding, memory.window, slots));
    }
    return { attachments: [], offer: encodeNumber(binding) };
  }

  /** The holder is told first. */
  withdraw(memory: HomeMemory, reason?: EndReason): boolean {
    for (const [binding, { memory: granted, slots }] of this.#bindings) {
      if (granted !== memory) continue;
      if (reason !== undefined && slots !== undefined) {
        this.#end.publish(binding, 0, new Uint8Array(0), { ended: reason });
      }
      this.#forget(binding);
    }
    return true;
  }

  close(): void {
    this.#card.closeEnd(this.#end);
    for (const binding of [...this.#bindings.keys()]) this.#forget(binding);
  }

  #forget(binding: number): void {
    const { memory, slots } = this.#bindings.get(binding) as Binding;
    this.#bindings.delete(binding);
    this.#end.regions.delete(binding);
    if (slots !== undefined) memory.serverPort?.removeClient(slots.client);
  }

  /** Of a lease that was withdrawn: nobody's. */
  #heard(binding: number, news: FarNews): void {
    const { memory, slots } = this.#bindings.get(binding) ?? {};
    if (slots === undefined || 'ended' in news || news.place >= slots.count) return;
    const slot = slots.first + news.place;
    if ('status' in news) memory?.serverPort?.arrived(slots.client, slot, news.status);
    else memory?.serverPort?.told(slots.client, slot, news.kind);
  }
}
