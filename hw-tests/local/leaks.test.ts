// Leases that come and go leave nothing behind, and those that stay cost what they should.
import { expect, test } from 'vitest';
import { privateRuntimeDirectory } from './place.ts';
import { endProgramsAfterEach, Program, type Said, startHome } from './program.ts';
import { type Resources, resourcesOf } from './resources.ts';

privateRuntimeDirectory();
endProgramsAfterEach();

/** What malloc and V8 may keep from one round to the next. Of 10,000 leases each once had 68 KiB mapped: 664 MiB in all. */
const residentToleranceBytes: number = 16 * 2 ** 20;
const heapToleranceBytes: number = 2 * 2 ** 20;

interface Measured extends Said {
  readonly resources: Resources;
  readonly residentBytes: number;
  readonly heapUsed: number;
}

function expectNothingLeft(before: Measured, after: Measured): void {
  expect(after.resources).toEqual(before.resources);
  const resident = after.residentBytes - before.residentBytes;
  const heap = after.heapUsed - before.heapUsed;
  console.log(
    `resident ${(resident / 2 ** 20).toFixed(1)} MiB, heap ${(heap / 2 ** 20).toFixed(2)} MiB more than before`,
  );
  expect(resident).toBeLessThan(residentToleranceBytes);
  expect(heap).toBeLessThan(heapToleranceBytes);
}

async function compare(program: Program): Promise<void> {
  const before = (await program.hear('before')) as Measured;
  const after = (await program.hear('after')) as Measured;
  expect(await program.ended).toEqual({ status: 0, stderr: '' });
  expectNothingLeft(before, after);
}

const flags = ['--expose-gc'];

test('10,000 leases acquired and released leave nothing', async () => {
  await compare(new Program('hw-tests/programs/leaks', ['acquire', '10000'], { flags }));
});

test('1,000 leases attached, half released and half left to the collector, leave nothing on either side', async () => {
  const home = await startHome();
  const leases = await Promise.all(Array.from({ length: 1000 }, () => home.driver.acquire({ minBytes: 4096 })));
  const homeBefore = resourcesOf(home.pid);
  const program = new Program('hw-tests/programs/leaks', ['attach', '1000'], { flags });
  program.tell(JSON.stringify(leases.map(({ url }) => url)));
  await compare(program);
  await Promise.all(leases.map((lease) => lease.status()));
  expect(resourcesOf(home.pid)).toEqual(homeBefore);
});

test('a lease of 64 KiB costs at most 80 KiB of memory and 16 KiB of heap', async () => {
  const count = 1000;
  const program = new Program('hw-tests/programs/leaks', ['cost', String(count)], { flags });
  const before = await program.hear('before');
  const after = await program.hear('after');
  const each = (field: string) => (Number(after[field]) - Number(before[field])) / count;
  const found = {
    memory: each('bytes'),
    heap: each('heapUsed'),
    external: each('external'),
    memfds: each('memfds'),
  };
  console.log(`a 64 KiB lease costs ${JSON.stringify(found)} bytes`);
  expect(found.memfds).toBe(1);
  expect(found.memory).toBeLessThanOrEqual(80 * 1024);
  expect(found.heap).toBeLessThanOrEqual(16 * 1024);
});

test('without descriptors, acquiring is refused with their limit', async () => {
  const program = new Program('hw-tests/programs/out-of-descriptors', [], { shell: 'ulimit -n 128' });
  expect(await program.hear('acquired')).toMatchObject({
    name: 'CapacityExceeded',
    message: 'EMFILE: memfd_create: Too many open files (limit: 128 open files)',
  });
  expect(await program.ended).toEqual({ status: 0, stderr: '' });
});
