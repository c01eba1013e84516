// A million calls, of every size: what one side sent is what the other received, to the byte.
import { expect, test } from 'vitest';
import { privateRuntimeDirectory } from './place.ts';
import { endProgramsAfterEach, Program } from './program.ts';

privateRuntimeDirectory();
endProgramsAfterEach();

const calls = Number(process.env['LEASEWIRE_TEST_CALLS'] ?? 1_000_000);
const seed = 20260731;
/** Half a minute where two cores are free; without them each call costs some wake-ups. */
const callsMsMax = 400_000;

test(`${calls} calls of random size carry what was sent, both ways`, { timeout: callsMsMax }, async () => {
  const server = new Program('hw-tests/programs/exact-server', [String(seed)]);
  const { url } = await server.hear('serving');
  const client = new Program('hw-tests/programs/exact-client', [String(seed), String(url), String(calls)]);
  const called = await client.hear('called', callsMsMax);
  const { count, bytes, tookMs, tooMany } = called;
  const megabytes = (Number(bytes) / 1e6).toFixed(0);
  console.log(`${count} calls with ${megabytes} MB of requests in ${(Number(tookMs) / 1000).toFixed(1)} s`);
  expect(Number(count)).toBeGreaterThanOrEqual(calls);
  expect(await server.hear('served')).toMatchObject({ count, received: called['sent'], sent: called['received'] });
  const refused = { name: 'PayloadTooLarge', mayHaveExecuted: false };
  expect(tooMany).toMatchObject([refused, refused, { untouched: true }]);
});
