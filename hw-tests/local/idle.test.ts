// An idle service costs no CPU: neither its server, which sleeps on its doorbell, nor its clients.
import { expect, test } from 'vitest';
import { idleCpuPercent } from '../bench/idle-cpu.ts';
import { privateRuntimeDirectory } from './place.ts';
import { endProgramsAfterEach, Program, startHome } from './program.ts';

privateRuntimeDirectory();
endProgramsAfterEach();

const idleMs = 3000;
/** Far above what is expected, which is nothing; what was measured is printed. */
const percentMax = 5;

test('an idle server and its client use no CPU', async () => {
  const home = await startHome();
  const lease = await home.driver.acquire();
  await lease.serve();
  const client = new Program('hw-tests/programs/holder', [lease.url]);
  await client.hear('attached');
  const [server, holder] = await Promise.all([
    idleCpuPercent([home.pid], idleMs),
    idleCpuPercent([client.pid], idleMs),
  ]);
  console.log(`idle over ${idleMs} ms: server ${server.toFixed(2)} %, client ${holder.toFixed(2)} % of one core`);
  expect(server).toBeLessThan(percentMax);
  expect(holder).toBeLessThan(percentMax);
});
