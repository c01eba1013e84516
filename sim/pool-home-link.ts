// The home's end of a session with a host that shares its pool: lends leases there, with a channel for all of them, and
// keeps book of what the holder's host may still reach.
import {
  type FabricError,
  type Grant,
  type HomeLink,
  type HomeMemory,
  halfBytes,
  invariant,
  MalformedFrame,
  type SlotRange,
} from '#bridge';
import { type EndReason, FarGrants } from './far-grants.ts';
import { MemoryHome } from './memory-plane.ts';
import type { Use } from './pool-book.ts';
import { poolPageBytes } from './pool-cache.ts';
import type { PoolCard } from './pool-card.ts';
import type { PoolEnd } from './pool-end.ts';
import { PoolSegment } from './pool-segment.ts';
import { decodeWords, encodeWords, poolWords } from './pool-words.ts';

const channelBytes: number = Math.ceil((2 * halfBytes) / poolPageBytes) * poolPageBytes;
/** Uses that a holder's host is asked about at once. */
const askedMax = 64;

export class PoolHomeLink implements HomeLink {
  readonly #card: PoolCard;
  readonly #peerHost: number;
  readonly #channel: Use;
  readonly #end: PoolEnd;
  readonly #grants: FarGrants;
  readonly #segments = new Map<number, PoolSegment>();
  /** The uses that were lent by bindings, also such as are over. */
  readonly #lent = new Map<number, number>();
  #connected = false;

  /** Throws CapacityExceeded if the pool has no room for the channel. */
  constructor(card: PoolCard, peerHost: number, onBroken: (error: FabricError) => void) {
    this.#card = card;
    this.#peerHost = peerHost;
    this.#channel = openChannel(card);
    this.#end = card.openEnd({
      onNews: (binding, news) => this.#grants.heard(binding, news),
      onTouched: (binding, offset, bytes) => this.#segments.get(binding)?.publish(offset, bytes),
      onBroken,
      reaches: () => true,
    });
    this.#grants = new FarGrants(this.#end);
  }

  answer(body: Uint8Array): Uint8Array {
    const [what, ...words] = decodeWords(body, 1);
    if (what === poolWords.hello) return this.#connect(words);
    if (what === poolWords.open) return this.#open(words);
    if (what === poolWords.confirm) return this.#confirm(words);
    if (what === poolWords.cleaned) return this.#cleaned(words);
    throw new MalformedFrame(`a holder says ${what} of the pool`);
  }

  grant(memory: HomeMemory, _identity: unknown, slots: SlotRange | undefined): Grant {
    invariant(memory instanceof MemoryHome, 'what is lent to other machines is memory of this one');
    const { segment } = memory;
    invariant(segment instanceof PoolSegment, 'what is lent in a pool lies there');
    const { number, at, bytes } = segment.use;
    const binding = this.#grants.add(memory, slots);
    this.#segments.set(binding, segment);
    this.#lent.set(binding, number);
    this.#card.host.book.lend(number, this.#peerHost);
    segment.settle();
    return { attachments: [], offer: encodeWords([binding, at, bytes]) };
  }

  /**
   * The holder is told, and finds it in the control page. Whether it still reaches the bytes is in the book: nobody else is
   * granted them before it does not.
   */
  withdraw(memory: HomeMemory, reason?: EndReason): boolean {
    for (const binding of this.#grants.of(memory)) {
      this.#segments.get(binding)?.settle();
      this.#forget(binding, reason);
    }
    return true;
  }

  close(): void {
    this.#card.closeEnd(this.#end);
    for (const binding of this.#grants.all()) this.#forget(binding);
    const { book, cache } = this.#card.host;
    cache.invalidate(this.#channel.at, this.#channel.bytes);
    cache.fence();
    if (this.#connected) book.takeBack(this.#channel.number, this.#peerHost);
    book.leave(this.#channel.number);
  }

  /** The holder says which its end is, and is told all that it needs, and what its host is still asked about. */
  #connect([end = 0]: readonly number[]): Uint8Array {
    if (this.#connected) throw new MalformedFrame('this channel is connected already');
    this.#connected = true;
    const { at } = this.#channel;
    this.#end.connect(end, { ownAt: at, peerAt: at + halfBytes });
    const { book } = this.#card.host;
    book.lend(this.#channel.number, this.#peerHost);
    const asked = book.waitingFor(this.#peerHost, askedMax).flatMap(({ number, at, bytes }) => [number, at, bytes]);
    return encodeWords([this.#end.number, this.#channel.at, this.#channel.bytes, ...asked]);
  }

  /** What was withdrawn meanwhile may be somebody else's. */
  #open([binding = 0]: readonly number[]): Uint8Array {
    if (binding !== 0) this.#grants.open(binding);
    return encodeWords([]);
  }

  /** The holder has closed its window, and nobody else on its host has one. */
  #confirm([binding = 0]: readonly number[]): Uint8Array {
    const number = this.#lent.get(binding);
    if (number === undefined) throw new MalformedFrame(`binding ${binding} was never granted`);
    this.#forget(binding);
    this.#card.host.book.confirm(number, this.#peerHost);
    return encodeWords([]);
  }

  #cleaned(numbers: readonly number[]): Uint8Array {
    for (const number of numbers) this.#card.host.book.confirm(number, this.#peerHost);
    return encodeWords([]);
  }

  #forget(binding: number, reason?: EndReason): void {
    const segment = this.#segments.get(binding);
    if (segment === undefined) return;
    this.#grants.remove(binding, reason);
    this.#segments.delete(binding);
    this.#card.host.book.takeBack(segment.use.number, this.#peerHost);
  }
}

/** Zeroed, and nothing of it in this host's cache: from here on the peer's half is the peer's to write. */
function openChannel({ host }: PoolCard): Use {
  const { book, cache, pool } = host;
  const use = book.allocate(channelBytes);
  pool.checkUnreached(use.at, use.bytes);
  cache.invalidate(use.at, use.bytes);
  cache.store(use.at, new Uint8Array(use.bytes));
  cache.flush(use.at, use.bytes);
  cache.fence();
  cache.invalidate(use.at, use.bytes);
  return use;
}
