// node holder.js <lease>: holds a lease with a client. At each line on stdin it tries everything that a holder can do, at
// once and without looking at anything before, and says `used` with the outcomes by name.
import { MemBuilder, RpcClient } from '#sdk';
import { methods } from '../../sdk/conformance/home-methods.ts';
import { argument, errorFacts, hear, monotonicMs, say } from './voice.ts';

const lease = await MemBuilder.attach(argument(0));
const client = new RpcClient(lease);
const mem = lease.mem();
const bytes = new Uint8Array(32).fill(0xee);
await client.call(methods.echo, bytes);
await mem.write(32, bytes);
lease.onEnd((status) => say('ended', { status, atMs: monotonicMs() }));

/** Reading and calling come first: they fail, or touch the bytes, before anything else has ended the lease. */
const operations: Readonly<Record<string, () => unknown>> = {
  call: () => client.call(methods.echo, bytes.fill(0xdd)),
  callSync: () => client.callSync(methods.echo, bytes.fill(0xcc)),
  write: () => mem.write(0, bytes.fill(0xbb)),
  fetchAdd: () => mem.fetchAdd(64, 1n),
  compareExchange: () => mem.compareExchange(128, 0n, 1n),
  read: () => mem.read(0, 8),
  renew: () => lease.renew(),
};

say('attached', { remainingMs: lease.remainingMs, atMs: monotonicMs() });
for (;;) {
  const first = await hear();
  const names = first === 'everything' ? Object.keys(operations) : [first];
  const outcomes: Record<string, object> = {};
  for (const name of names) {
    try {
      await operations[name]?.();
      outcomes[name] = { name: 'nothing' };
    } catch (error) {
      outcomes[name] = errorFacts(error);
    }
  }
  say('used', { outcomes, atMs: monotonicMs() });
}
