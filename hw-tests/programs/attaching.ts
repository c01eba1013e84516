// node attaching.js <lease>: attaches to a lease, writes and reads its last word, and says `outcome`: how that went.
import { MemBuilder } from '#sdk';
import { argument, hear, say, sayOutcome } from './voice.ts';

const word = Uint8Array.of(8, 7, 6, 5, 4, 3, 2, 1);

await sayOutcome('outcome', async () => {
  const lease = await MemBuilder.attach(argument(0), { slots: 0 });
  const offset = lease.size - word.length;
  await lease.mem().write(offset, word);
  say('read', { right: Buffer.compare(await lease.mem().read(offset, word.length), word) === 0 });
});
await hear();
