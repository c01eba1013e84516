// One end of a channel in a pool: messages to the other end, each of which is there before the other is told to look, and
// what it asks. The other end's process answers, so a process that is stopped answers when it goes on. An end that finds
// nonsense is of no use any more.
import {
  bodyBytesMax,
  type ChannelPlace,
  Disconnected,
  FabricError,
  type LineMessage,
  LineReader,
  LineWriter,
  MalformedFrame,
  Revoked,
} from '#bridge';
import type { FarWay } from './far-path.ts';
import { type FarNews, type FarRequest, type FarResult, perform } from './far-request.ts';
import type { PoolCard } from './pool-card.ts';
import { decodeHead, encodeHead, type PoolHead } from './pool-messages.ts';

export interface PoolEndParts {
  /** The peer's bytes are there; this came after them. */
  readonly onNews: (binding: number, news: FarNews) => void;
  /** These bytes of a lease are to be where others find them: the peer has changed them, or asks for that. */
  readonly onTouched: (binding: number, offset: number, bytes: number) => void;
  /** The channel is of no use any more. Called once, and not after close(). */
  readonly onBroken: (error: FabricError) => void;
  /** Whether notices get through. */
  readonly reaches: () => boolean;
}

interface Pending {
  readonly resolve: (result: FarResult) => void;
  readonly reject: (error: Error) => void;
}

/** How long a peer that does not answer a probe is believed to be there, milliseconds: as TCP is told to. */
const silenceMs = 20_000;

export class PoolEnd implements FarWay {
  readonly number: number;
  /** What the peer may reach here, by binding. */
  readonly regions: Map<number, Uint8Array> = new Map();
  readonly #card: PoolCard;
  readonly #parts: PoolEndParts;
  /** Once the channel's place is known to both ends. */
  #rings: { readonly writer: LineWriter; readonly reader: LineReader } | undefined;
  readonly #pending = new Map<number, Pending>();
  /** What there was no room for yet. */
  readonly #waiting: LineMessage[] = [];
  #peer: number | undefined;
  #lastId = 0;
  #probedAtMs: number | undefined;
  #looks = false;
  /** Of the pool's changes, those after which nothing was there. */
  #changesSeen = -1;
  #broken: FabricError | undefined;
  #closed = false;

  constructor(card: PoolCard, parts: PoolEndParts) {
    this.#card = card;
    this.#parts = parts;
    this.number = card.host.pool.addEnd(this);
  }

  get broken(): FabricError | undefined {
    return this.#broken;
  }

  get hasNews(): boolean {
    const { changes } = this.#card.host.pool;
    if (!this.#works || this.#rings === undefined || changes === this.#changesSeen) return false;
    if (this.#rings.reader.ready) return true;
    this.#changesSeen = changes;
    return false;
  }

  /** The peer's number, and where the channel is. The peer may have told of something that could not be looked at before. */
  connect(peer: number, place: ChannelPlace): void {
    const { lines } = this.#card;
    this.#peer = peer;
    this.#rings = { writer: new LineWriter(lines, place), reader: new LineReader(lines, place) };
    this.observe();
  }

  /** Resolves once the peer has done it; rejects with Revoked where it may not be done, and when this end is closed. */
  request(request: Exclude<FarRequest, { op: 'read' | 'publish' }>): Promise<FarResult> {
    return this.#ask(headOf(request), request.op === 'write' ? request.source : nothing);
  }

  /** Resolves once the peer has flushed these bytes of a lease. Rejects as request() does. */
  async askFlush(binding: number, offset: number, bytes: number): Promise<void> {
    await this.#ask({ what: 'flush', binding, offset, first: BigInt(bytes) }, nothing);
  }

  /** Writes bytes to the peer, then tells it. */
  publish(binding: number, offset: number, source: Uint8Array, news: FarNews): void {
    this.#send({ what: 'publish', binding, offset, news }, source);
  }

  /** Asks whether the peer is still there, and gives it up if it has not answered for long. */
  probe(): void {
    const nowMs = this.#card.clock.timeMs;
    if (this.#probedAtMs === undefined) {
      this.#probedAtMs = nowMs;
      const answered = () => {
        this.#probedAtMs = undefined;
      };
      void this.request({ op: 'probe' }).then(answered, answered);
    } else if (nowMs - this.#probedAtMs > silenceMs) {
      this.#break(new Disconnected(`no answer within ${silenceMs} ms`, { mayHaveExecuted: true }));
    }
  }

  /** Takes what has come, and says so; then looks once more, as the peer tells only those who have taken all. */
  observe(): void {
    if (this.#looks || (!this.hasNews && this.#waiting.length === 0)) return;
    this.#looks = true;
    this.#try(() => {
      do {
        for (let next = this.#next(); next !== undefined; next = this.#next()) this.#take(next);
        if (this.#works && this.#rings?.reader.done()) this.#notify();
      } while (this.hasNews);
      this.#sendWaiting();
    });
    this.#looks = false;
  }

  /** Nothing arrives or leaves any more, and what is not done fails. */
  close(): void {
    this.abandon();
    this.#broken ??= new Disconnected('the channel was closed here');
    for (const { reject } of this.#pending.values()) reject(this.#broken);
    this.#pending.clear();
  }

  /** The process is dead. */
  abandon(): void {
    this.#closed = true;
    this.#card.host.pool.removeEnd(this.number);
  }

  #ask(head: PoolHead, source: Uint8Array): Promise<FarResult> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#broken);
      const id = ++this.#lastId;
      this.#pending.set(id, { resolve, reject });
      this.#send({ ...head, id }, source);
    });
  }

  get #works(): boolean {
    return !this.#closed && this.#broken === undefined;
  }

  #next(): LineMessage | undefined {
    return this.#works ? this.#rings?.reader.next() : undefined;
  }

  #take({ head: bytes, body }: LineMessage): void {
    const head = decodeHead(bytes);
    if (head.what === 'done' || head.what === 'counted' || head.what === 'refused') return this.#answered(head);
    const { binding = 0, offset = 0, id = 0, news } = head;
    const result = this.#perform(head, body);
    if (result !== 'refused' && news !== undefined) this.#parts.onNews(binding, news);
    if (result !== 'refused' && news === undefined) this.#parts.onTouched(binding, offset, touchedBytes(head, body));
    if (id !== 0) this.#send(answerTo(id, result), nothing);
  }

  /** Of a lease that has been withdrawn nothing is done, and whoever asked for it is told. */
  #perform(head: PoolHead, body: Uint8Array): FarResult | 'refused' {
    const { what, binding = 0 } = head;
    if (what === 'probe') return undefined;
    const region = this.regions.get(binding);
    if (region === undefined) return body.length > 0 || what !== 'publish' ? 'refused' : undefined;
    if (what === 'flush') return checkedFlush(head, region);
    const request = requestOf(head, body);
    try {
      return perform(request, this.regions);
    } catch (cause) {
      throw new MalformedFrame('a peer touches what is not there', { cause });
    }
  }

  #answered({ id = 0, what, first }: PoolHead): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (what === 'refused') pending?.reject(new Revoked('the lease is over at its home'));
    else pending?.resolve(what === 'counted' ? first : undefined);
  }

  /** In as many parts as it takes; the last one says what they are. */
  #send(head: PoolHead, source: Uint8Array): void {
    const { binding = 0, offset = 0 } = head;
    let done = 0;
    for (; source.length - done > bodyBytesMax; done += bodyBytesMax) {
      const part = source.subarray(done, done + bodyBytesMax);
      this.#post(encodeHead({ what: 'write', binding, offset: offset + done }), part);
    }
    this.#post(encodeHead({ ...head, offset: offset + done }), source.subarray(done));
  }

  #post(head: Uint8Array, body: Uint8Array): void {
    this.#waiting.push({ head, body: body.slice() });
    this.#try(() => this.#sendWaiting());
  }

  #sendWaiting(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#works; next = this.#waiting[0]) {
      if (this.#rings?.writer.push(next.head, next.body) !== true) return;
      this.#waiting.shift();
      if (this.#rings.writer.peerRests) this.#notify();
    }
  }

  /** Has the peer's process look, after a while. Goes as far as the control connection does. */
  #notify(): void {
    const { pool } = this.#card.host;
    const peer = pool.endAt(this.#peer);
    if (peer === undefined) return;
    peer.#card.clock.after(pool.noticeMs(), () => {
      if (this.#parts.reaches() && peer.#parts.reaches()) peer.observe();
    });
  }

  #try(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof FabricError)) throw error;
      this.#break(error);
    }
  }

  #break(error: FabricError): void {
    if (!this.#works) return;
    this.#broken = error;
    this.#parts.onBroken(error);
  }
}

const nothing: Uint8Array = new Uint8Array(0);

function headOf(request: Exclude<FarRequest, { op: 'read' | 'publish' }>): PoolHead {
  if (request.op === 'probe') return { what: 'probe' };
  const { binding, offset } = request;
  if (request.op === 'write') return { what: 'write', binding, offset };
  if (request.op === 'fetchAdd') return { what: 'fetchAdd', binding, offset, first: request.delta };
  return { what: 'compareExchange', binding, offset, first: request.desired, second: request.expected };
}

function checkedFlush({ offset = 0, first = 0n }: PoolHead, region: Uint8Array): undefined {
  if (BigInt(offset) + first <= BigInt(region.length)) return;
  throw new MalformedFrame(`a peer has ${first} bytes at ${offset} flushed, of ${region.length}`);
}

function touchedBytes({ what, first = 0n }: PoolHead, body: Uint8Array): number {
  if (what === 'flush') return Number(first);
  return what === 'compareExchange' || what === 'fetchAdd' ? 8 : body.length;
}

function requestOf(
  { what, binding = 0, offset = 0, first = 0n, second = 0n }: PoolHead,
  source: Uint8Array,
): FarRequest {
  switch (what) {
    case 'write':
    case 'publish':
      return { op: 'write', binding, offset, source };
    case 'compareExchange':
      return { op: what, binding, offset, desired: first, expected: second };
    case 'fetchAdd':
      return { op: what, binding, offset, delta: first };
    default:
      return { op: 'probe' };
  }
}

function answerTo(id: number, result: FarResult | 'refused'): PoolHead {
  if (result === 'refused') return { what: 'refused', id };
  return typeof result === 'bigint' ? { what: 'counted', id, first: result } : { what: 'done', id };
}
