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

test('an idle queue uses no CPU, at neither end', async () => {
  const end = (from: string, deed: string) =>
    new Program('hw-tests/programs/queue-end', [from, deed, '9', '/dev/null']);
  const home = end('home', 'consumes');
  const { url } = await home.hear('ready');
  const holder = end(String(url), 'idles');
  await holder.hear('ready');
  const [consumer, idler] = await Promise.all([
    idleCpuPercent([home.pid], idleMs),
    idleCpuPercent([holder.pid], idleMs),
  ]);
  console.log(`idle over ${idleMs} ms: consumer ${consumer.toFixed(2)} %, holder ${idler.toFixed(2)} % of one core`);
  expect(consumer).toBeLessThan(percentMax);
  expect(idler).toBeLessThan(percentMax);
});

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
