// The holder's end of a session with a home that shares the pool: opened when the first lease is bound; what is bound can
// be bound again over another. Whatever is given up is confirmed once nothing of it is in this host's cache.
import {
  type BindRequest,
  controlPageBytes,
  Disconnected,
  type HeldMemory,
  type HolderLink,
  type HolderLinkParts,
  halfBytes,
  invariant,
  MalformedFrame,
} from '#bridge';
import { FarHeldMemory } from './far-held-memory.ts';
import type { MemoryCarrier } from './memory-carrier.ts';
import { PoolAccess } from './pool-access.ts';
import type { Extent, Use } from './pool-book.ts';
import type { PoolCard } from './pool-card.ts';
import type { PoolEnd } from './pool-end.ts';
import { decodeWords, encodeWords, poolWords } from './pool-words.ts';

/** The access of each window, which stays through reconnections. */
const accesses = new WeakMap<HeldMemory, PoolAccess>();

export class PoolHolderLink implements HolderLink {
  readonly resumes = true;
  readonly #card: PoolCard;
  readonly #parts: HolderLinkParts;
  readonly #held = new Map<number, FarHeldMemory>();
  #connected: Promise<void> | undefined;
  #end: PoolEnd | undefined;
  #closed = false;

  constructor(card: PoolCard, parts: HolderLinkParts) {
    this.#card = card;
    this.#parts = parts;
  }

  async bind(request: BindRequest): Promise<HeldMemory> {
    const [binding = 0, at = 0, bytes = 0] = decodeWords(request.offer, 3);
    this.#checkExtent({ at, bytes }, request.identity.arenaBytes + controlPageBytes);
    this.#connected ??= this.#connect();
    await this.#connected;
    if (this.#end === undefined) throw new Disconnected('the channel was closed here');
    const memory = this.#memoryFor(request);
    const path = { end: this.#end, binding, onBroken: this.#parts.onBroken, extent: { at, bytes } };
    // By its window, which stays, so that a lease that comes back is reached once.
    this.#card.host.reach.announce(memory, this.#card, path.extent);
    memory.connect(path, request.slots, () => this.#letGo(memory, binding, path.extent));
    this.#held.set(binding, memory);
    try {
      await this.#open(memory, binding);
      accesses.get(memory)?.connect(path);
      return memory;
    } catch (error) {
      this.#held.delete(binding);
      if (request.held === undefined) memory.close();
      throw error;
    }
  }

  /** As soon as the home has agreed, `mapping` may be reached. */
  async #open(mapping: object, binding: number): Promise<void> {
    await this.#parts.ask(encodeWords([poolWords.open, binding]));
    if (this.#closed || !this.#card.host.reach.open(mapping)) throw new Disconnected('it was closed here meanwhile');
  }

  close(): void {
    this.#closed = true;
    if (this.#end !== undefined) this.#card.closeEnd(this.#end);
    this.#end = undefined;
    this.#card.host.reach.end(this);
    this.#held.clear();
  }

  /** The home's word on where the channel is comes first; then a message has to get there, and its answer back. */
  async #connect(): Promise<void> {
    const { host } = this.#card;
    const end = this.#card.openEnd({
      onNews: (binding, news) => this.#held.get(binding)?.heard(news),
      onTouched: () => undefined,
      onBroken: (error) => this.#parts.onBroken(error),
      reaches: () => !(this.#parts.carrier as MemoryCarrier).closed,
    });
    this.#end = end;
    const answer = await this.#parts.ask(encodeWords([poolWords.hello, end.number]));
    const [peer = 0, at = 0, bytes = 0, ...asked] = decodeWords(answer, 3);
    this.#checkExtent({ at, bytes }, 2 * halfBytes);
    if (this.#closed) throw new Disconnected('the channel was closed here');
    host.reach.announce(this, this.#card, { at, bytes });
    await this.#open(this, 0);
    // What this host has of earlier uses of these lines is not to be seen, nor to get there.
    host.cache.invalidate(at, bytes);
    end.connect(peer, { ownAt: at + halfBytes, peerAt: at });
    this.#clean(asked);
    await end.request({ op: 'probe' });
  }

  #checkExtent({ at, bytes }: Extent, least: number): void {
    const size = this.#card.host.pool.memory.length;
    if (at + bytes <= size && bytes >= least) return;
    throw new MalformedFrame(`the home names ${bytes} bytes at ${at} of a pool of ${size}, for ${least}`);
  }

  /** What the home waits for, and no process here reaches any more. */
  #clean(words: readonly number[]): void {
    const asked: Use[] = [];
    for (let i = 0; i + 2 < words.length; i += 3) {
      const [number = 0, at = 0, bytes = 0] = words.slice(i, i + 3);
      asked.push({ number, at, bytes });
    }
    for (const use of asked) this.#checkExtent(use, 0);
    const cleaned = asked.filter((use) => this.#card.host.clean(use)).map(({ number }) => number);
    if (cleaned.length > 0) this.#say([poolWords.cleaned, ...cleaned]);
  }

  /** The window is closed: its home may use the memory again, once nobody here has another. */
  #letGo(memory: FarHeldMemory, binding: number, extent: Extent): void {
    const { host } = this.#card;
    this.#held.delete(binding);
    host.reach.end(memory);
    if (host.clean(extent)) this.#say([poolWords.confirm, binding]);
  }

  /** What is lost with the connection, the home asks again. */
  #say(words: readonly number[]): void {
    this.#parts.ask(encodeWords(words)).catch(() => undefined);
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
    const { arenaBytes, generation } = request.identity;
    const access = new PoolAccess(this.#card, arenaBytes, generation);
    const memory = new FarHeldMemory(this.#card, request, { access, plane: 'cxl' });
    accesses.set(memory, access);
    return memory;
  }
}
