// node attaching.js <lease>: attaches to a lease, writes and reads a word of it, and says `outcome`: how that went.
import { MemBuilder } from '#sdk';
import { argument, hear, say, sayOutcome } from './voice.ts';

const word = Uint8Array.of(8, 7, 6, 5, 4, 3, 2, 1);

await sayOutcome('outcome', async () => {
  const lease = await MemBuilder.attach(argument(0), { slot: false });
  await lease.mem().write(0, word);
  say('read', { right: Buffer.compare(await lease.mem().read(0, word.length), word) === 0 });
});
await hear();
