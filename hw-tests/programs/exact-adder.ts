// node exact-adder.js home|<lease> <count> <in flight>: adds 1 to a lease's first word so many times, from its home or as a
// holder. Says `ready` with the lease, begins at a line on stdin, and says `added` with what came back: the sum of all that
// was there before each addition, and whether no two were the same and each of a lane was larger than the one before. The
// home says `word` at the next line.
import { MemBuilder, type MemLease } from '#sdk';
import { argument, hear, say } from './voice.ts';

const from = argument(0);
const count = Number(argument(1));
const lanes = Number(argument(2));

function take(): Promise<MemLease> {
  return from === 'home' ? new MemBuilder().acquire() : MemBuilder.attach(from, { slots: 0 });
}

const lease = await take();
const mem = lease.mem();
const seen = new Set<bigint>();
let begun = 0;
let inOrder = true;

async function lane(): Promise<void> {
  let last = -1n;
  while (begun < count) {
    begun += 1;
    const before = await mem.fetchAdd(0, 1n);
    inOrder &&= before > last;
    last = before;
    seen.add(before);
    // At home an addition may be done at once, and the loop would keep all else waiting.
    if (begun % 64 === 0) await new Promise(setImmediate);
  }
}

say('ready', { url: lease.url, plane: lease.plane });
await hear();
await Promise.all(Array.from({ length: lanes }, lane));
const sum = [...seen].reduce((total, before) => total + before, 0n);
say('added', { distinct: seen.size, inOrder, sum: String(sum) });
if (from === 'home') {
  await hear();
  const word = Buffer.from(await mem.read(0, 8)).readBigUInt64LE();
  say('word', { word: String(word) });
}
await hear();
