// What the two ends of a channel in a pool say to each other: a head, and a body where bytes go along. Little-endian.
//
//     offset  size  field
//          0     1  what         see `codes`
//          1     1  news         0 none, 1 a status, 2 a kind of entry, 3 the lease's end
//          4     4  binding
//          8     4  offset       in the lease
//         12     4  id           of what is to be answered; 0 for nothing
//         16     4  place        a slot's among the client's own
//         20     4  value        the status, kind or end
//         24     8  first        desired, or added, or bytes to flush; in an answer the result
//         32     8  second       expected
import { headBytes, type LeaseStatus, MalformedFrame } from '#bridge';
import type { FarNews } from './far-request.ts';

const codes = [
  'probe',
  'flush',
  'write',
  'publish',
  'compareExchange',
  'fetchAdd',
  'done',
  'counted',
  'refused',
] as const;
const ends: readonly Exclude<LeaseStatus, 'active' | 'disconnected'>[] = ['expired', 'revoked', 'released', 'fenced'];

export interface PoolHead {
  readonly what: (typeof codes)[number];
  readonly binding?: number;
  readonly offset?: number;
  readonly id?: number;
  readonly news?: FarNews;
  readonly first?: bigint;
  readonly second?: bigint;
}

export function encodeHead({
  what,
  binding = 0,
  offset = 0,
  id = 0,
  news,
  first = 0n,
  second = 0n,
}: PoolHead): Uint8Array {
  const head = new Uint8Array(headBytes);
  const view = new DataView(head.buffer);
  const [kind, place, value] = news === undefined ? [0, 0, 0] : numbersOf(news);
  view.setUint8(0, codes.indexOf(what));
  view.setUint8(1, kind);
  for (const [i, word] of [binding, offset, id, place, value].entries()) view.setUint32(4 + 4 * i, word, true);
  view.setBigUint64(24, first, true);
  view.setBigUint64(32, second, true);
  return head;
}

/** Throws MalformedFrame for what says nothing. */
export function decodeHead(head: Uint8Array): PoolHead {
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const what = codes[view.getUint8(0)];
  if (what === undefined) throw new MalformedFrame(`a message of the pool says ${view.getUint8(0)}`);
  const [binding, offset, id, place, value] = [4, 8, 12, 16, 20].map((at) => view.getUint32(at, true)) as Five;
  const news = newsOf(view.getUint8(1), place, value);
  const [first, second] = [view.getBigUint64(24, true), view.getBigUint64(32, true)];
  return { what, binding, offset, id, first, second, ...(news !== undefined && { news }) };
}

type Five = [number, number, number, number, number];

function numbersOf(news: FarNews): readonly [number, number, number] {
  if ('status' in news) return [1, news.place, news.status];
  return 'kind' in news ? [2, news.place, news.kind] : [3, 0, ends.indexOf(news.ended)];
}

function newsOf(kind: number, place: number, value: number): FarNews | undefined {
  if (kind === 1) return { place, status: value };
  if (kind === 2) return { place, kind: value };
  const ended = ends[value];
  return kind === 3 && ended !== undefined ? { ended } : undefined;
}
