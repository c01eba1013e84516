// Runs the compiled bench (`npm test` compiles first): shapes and manners, no times.
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { benchPrograms, isRunning, type Outcome } from './bench-programs.test.support.ts';
import { type ContenderName, contenderNames } from './names.ts';
import type { BenchReport } from './report.ts';

const PAYLOAD_BYTES = [8, 64];

const { scratch, tmp, run, start } = benchPrograms('bench');

describe('a tiny bench', () => {
  const jsonFile = join(scratch, 'report.json');
  const htmlFile = join(scratch, 'report.html');
  let outcome: Outcome;
  let report: BenchReport;
  let ran: readonly ContenderName[];

  beforeAll(async () => {
    const args = `--quick --rounds 1 --sizes ${PAYLOAD_BYTES} --json ${jsonFile} --html ${htmlFile}`;
    outcome = await run(args.split(' '));
    report = JSON.parse(readFileSync(jsonFile, 'utf8')) as BenchReport;
    ran = contenderNames.filter((name) => !report.skipped.some((skipped) => skipped.name === name));
  });

  test('says by its exit code whether every contender ran', () => {
    expect(outcome.code).toBe(report.skipped.length === 0 ? 0 : 1);
  });

  test('needs nothing but the tree, for all but the floor', () => {
    expect(ran).toEqual(expect.arrayContaining(contenderNames.filter((name) => name !== 'floor-c')));
  });

  test('has a row for every contender and size, and one for its first call after idleness', () => {
    const rows = report.results.map(({ name, bytes }) => `${name} ${bytes}`);
    const expected = ran.flatMap((name) => [...PAYLOAD_BYTES.map((bytes) => `${name} ${bytes}`), `${name}-idle 64`]);
    expect(rows.toSorted()).toEqual(expected.toSorted());
  });

  test('has figures in every row, the tail not before the middle of the distribution', () => {
    for (const { p50Ns, p99Ns, p999Ns, perSecond, spread, samples, distribution } of report.results) {
      for (const figure of [p50Ns, p99Ns, p999Ns, perSecond, samples]) expect(figure).toBeGreaterThan(0);
      expect(p999Ns).toBeGreaterThanOrEqual(p99Ns);
      expect(spread.p50Ns.min).toBeLessThanOrEqual(spread.p50Ns.max);
      expect(distribution.length).toBeGreaterThan(0);
    }
  });

  test('names its machine, its method and the cost of its clocks', () => {
    expect(report.machine.node).toBe(process.version);
    expect(report.machine.cores).toBeGreaterThan(0);
    expect(Date.parse(report.machine.date)).not.toBeNaN();
    expect(report.method.join(' ')).toMatch(/32751 B/);
    expect(Object.keys(report.clockReadNs).toSorted()).toEqual(ran.toSorted());
  });

  test('measures idle CPU where there is a leasewire', () => {
    const measured = ran.some((name) => name.startsWith('leasewire-'));
    expect(typeof report.idleCpuPercent).toBe(measured ? 'number' : 'object');
  });

  test('prints a table and draws a page that fetches nothing', () => {
    for (const name of ran) expect(outcome.stdout).toContain(name);
    const html = readFileSync(htmlFile, 'utf8');
    expect(html.match(/<svg/g)).toHaveLength(3);
    expect(html).not.toMatch(/<script|<link|src=|@import|NaN|undefined/);
  });

  test('leaves no directory behind', () => {
    expect(readdirSync(tmp)).toEqual([]);
  });
});

describe('manners', () => {
  test('a bad argument is named, with the usage', async () => {
    const { code, stderr } = await run(['--sizes', '32768']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/--sizes: '32768' is not an integer from 1 to 32751/);
    expect(stderr).toMatch(/usage:/);
  });

  test('a report that could not be written is refused before measuring', async () => {
    const { code, stderr } = await run(['--html', join(scratch, 'nowhere', 'report.html')]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/--html: cannot write '.*nowhere.report.html'/);
  });

  test('a contender that cannot start is skipped, and told', async () => {
    const args = ['--quick', '--rounds', '1', '--only', 'floor-c', '--json'];
    const { code, stdout } = await run(args, { CC: '/nowhere/cc' });
    const report = JSON.parse(stdout) as BenchReport;
    expect(code).toBe(1);
    expect(report.skipped).toEqual([{ name: 'floor-c', reason: expect.stringContaining('/nowhere/cc') }]);
    expect(report.results).toEqual([]);
  });

  test('interrupted, it ends its processes and clears its directory', async () => {
    const { bench, children } = await start(['--only', 'unix-socket', '--sizes', '8']);
    bench.kill('SIGINT');
    expect(await once(bench, 'exit')).toEqual([130, null]);
    await expect.poll(() => children.filter(isRunning)).toEqual([]);
    expect(readdirSync(tmp)).toEqual([]);
  });

  test('a server that dies under way ends the bench with its name', async () => {
    const { bench, children, stderr } = await start(['--only', 'unix-socket', '--sizes', '8']);
    process.kill(Number(children[0]), 'SIGKILL');
    expect(await once(bench, 'exit')).toEqual([1, null]);
    expect(await stderr).toMatch(
      /unix-socket (server: ended with SIGKILL|client: .*(closed the connection|ECONNRESET))/,
    );
    await expect.poll(() => children.filter(isRunning)).toEqual([]);
    expect(readdirSync(tmp)).toEqual([]);
  });

  test('killed, its processes end by themselves', async () => {
    const { bench, children } = await start(['--only', 'unix-socket', '--sizes', '8']);
    bench.kill('SIGKILL');
    await once(bench, 'exit');
    await expect.poll(() => children.filter(isRunning), { timeout: 60_000 }).toEqual([]);
  });
});
