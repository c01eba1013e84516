// The holder's end of a far session: opened when the first lease is bound; what is bound can be bound again over another.
import {
  type BindRequest,
  Disconnected,
  type HeldMemory,
  type HolderLink,
  type HolderLinkParts,
  invariant,
  MalformedFrame,
} from '#bridge';
import { FarAccess } from './far-access.ts';
import type { FarCard } from './far-card.ts';
import type { FarEnd } from './far-end.ts';
import { FarHeldMemory } from './far-held-memory.ts';
import { decodeNumber, encodeNumber } from './far-numbers.ts';

/** How long the home's word on why a session broke is waited for, milliseconds. */
const verdictMs = 100;

/** The access of each window, which stays through reconnections. */
const accesses = new WeakMap<HeldMemory, FarAccess>();

export class FarHolderLink implements HolderLink {
  readonly resumes = true;
  readonly #card: FarCard;
  readonly #parts: HolderLinkParts;
  readonly #held = new Map<number, FarHeldMemory>();
  #connected: Promise<void> | undefined;
  #end: FarEnd | undefined;
  #closed = false;

  constructor(card: FarCard, parts: HolderLinkParts) {
    this.#card = card;
    this.#parts = parts;
  }

  async bind(request: BindRequest): Promise<HeldMemory> {
    const binding = decodeNumber(request.offer);
    this.#connected ??= this.#connect();
    await this.#connected;
    if (this.#end === undefined) throw new Disconnected('the far session was closed here');
    const memory = this.#memoryFor(request);
    const path = { end: this.#end, binding, onBroken: this.#parts.onBroken };
    accesses.get(memory)?.connect(path);
    memory.connect(path, request.slots, () => this.#held.delete(binding));
    this.#held.set(binding, memory);
    try {
      if (request.slots !== undefined) await this.#parts.ask(encodeNumber(binding));
      return memory;
    } catch (error) {
      this.#held.delete(binding);
      if (request.held === undefined) memory.close();
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    if (this.#end !== undefined) this.#card.closeEnd(this.#end);
    this.#end = undefined;
    this.#held.clear();
  }

  /** A message has to get there, and its answer back, before the session counts. */
  async #connect(): Promise<void> {
    const end = this.#card.openEnd({
      onNews: (binding, news) => this.#held.get(binding)?.heard(news),
      onBroken: (error) => this.#broke(error),
    });
    this.#end = end;
    end.connect(decodeNumber(await this.#parts.ask(encodeNumber(end.number))));
    await end.request({ op: 'probe' });
  }

  /** What is bound for the first time, or what hung on another link. */
  #memoryFor(request: BindRequest): FarHeldMemory {
    const { held, identity } = request;
    if (held === undefined) return this.#newMemory(request);
    invariant(held instanceof FarHeldMemory, 'a lease is resumed by the plane that bound it');
    const { arena, closed } = held.window;
    if (closed) throw new Disconnected('the lease has ended meanwhile');
    if (arena.length === identity.arenaBytes) return held;
    throw new MalformedFrame(`a lease of ${arena.length} bytes came back with ${identity.arenaBytes}`);
  }

  #newMemory(request: BindRequest): FarHeldMemory {
    const access = new FarAccess();
    const memory = new FarHeldMemory(this.#card, request, { access, plane: 'sim' });
    accesses.set(memory, access);
    return memory;
  }

  /** A lease that is taken away under fire breaks the session too: the home's word of it, if there is one, is on its way. */
  #broke(error: Disconnected): void {
    this.#card.clock.after(verdictMs, () => {
      if (!this.#closed) this.#parts.onBroken(error);
    });
  }
}
