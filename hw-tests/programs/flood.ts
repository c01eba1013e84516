// node flood.js <lease> <count>: has so many operations of each kind under way at once, without waiting for any before all
// are begun: writes, then reads of what was written, then additions to one word, then all three kinds in turns, and at last
// one write and one read that take many pieces. Says `flooding`, then `flooded` with how many of each were right, or with the
// error that one of them ended with.
import { MemBuilder } from '#sdk';
import { argument, errorFacts, hear, say } from './voice.ts';

const cellBytes = 64;
const bigBytes = 2 ** 21;
const count = Number(argument(1));
const lease = await MemBuilder.attach(argument(0), { slots: 0 });
const mem = lease.mem();
/** Behind the cells: a word for each round of additions. */
const wordAt = count * cellBytes;
const each = Array.from({ length: count }, (_, index) => index);

const cell = (index: number, round: number) =>
  Uint8Array.from({ length: cellBytes }, (_, at) => (index * 31 + at * 7 + round) & 0xff);
const countTrue = (checks: readonly boolean[]) => checks.filter(Boolean).length;

async function readIsRight(index: number, round: number): Promise<boolean> {
  return Buffer.compare(await mem.read(index * cellBytes, cellBytes), cell(index, round)) === 0;
}

/** How many different values were there before, of those that there can be. */
function distinctBefore(values: readonly bigint[]): number {
  return new Set(values.filter((value) => value >= 0n && value < BigInt(count))).size;
}

async function oneKindAfterAnother(): Promise<object> {
  await Promise.all(each.map((index) => mem.write(index * cellBytes, cell(index, 1))));
  const reads = countTrue(await Promise.all(each.map((index) => readIsRight(index, 1))));
  const additions = distinctBefore(await Promise.all(each.map(() => mem.fetchAdd(wordAt, 1n))));
  return { reads, additions };
}

/** Each cell is read after its write is done, but all writes, reads and additions begin together. */
async function allKindsInTurns(): Promise<object> {
  const written = each.map((index) => mem.write(index * cellBytes, cell(index, 2)));
  const added = each.map(() => mem.fetchAdd(wordAt + 8, 1n));
  const read = each.map(async (index) => {
    await written[index];
    return readIsRight(index, 2);
  });
  const [reads, values] = await Promise.all([Promise.all(read), Promise.all(added), Promise.all(written)]);
  return { mixedReads: countTrue(reads), mixedAdditions: distinctBefore(values) };
}

async function inPieces(): Promise<object> {
  const bytes = Uint8Array.from({ length: bigBytes }, (_, at) => (at * 13 + (at >> 8)) & 0xff);
  await mem.write(0, bytes);
  return { pieces: Buffer.compare(await mem.read(0, bigBytes), bytes) === 0 };
}

async function flood(): Promise<object> {
  try {
    const right = { ...(await oneKindAfterAnother()), ...(await allKindsInTurns()) };
    return { ...right, ...(await inPieces()) };
  } catch (error) {
    return { error: errorFacts(error) };
  }
}

say('flooding', { plane: lease.plane });
const fromMs = performance.now();
say('flooded', { ...(await flood()), tookMs: performance.now() - fromMs });
await hear();
