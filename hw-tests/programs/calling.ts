// node calling.js <lease> <calls>: says `attached`, then at each line on stdin makes so many calls of random size, one after
// another, checks every byte, and says `called`: how many were right, the slowest, and what ended them early.
import { MemBuilder, RpcClient } from '#sdk';
import { methods } from '../../sdk/conformance/home-methods.ts';
import { argument, errorFacts, hear, say } from './voice.ts';

const calls = Number(argument(1));
const lease = await MemBuilder.attach(argument(0));
const client = new RpcClient(lease);

async function callAll(): Promise<object> {
  let slowestMs = 0;
  for (let call = 0; call < calls; call++) {
    const request = Buffer.alloc((call * 977) % 16384, call % 251);
    const fromMs = performance.now();
    try {
      const response = await client.call(methods.echo, request);
      if (Buffer.compare(request, response) !== 0) return { right: call, error: { name: 'wrong bytes' } };
    } catch (error) {
      return { right: call, slowestMs, error: errorFacts(error) };
    }
    slowestMs = Math.max(slowestMs, performance.now() - fromMs);
  }
  return { right: calls, slowestMs };
}

await client.call(methods.echo, Uint8Array.of(1));
say('attached', { plane: lease.plane });
for (;;) {
  await hear();
  say('called', await callAll());
}
