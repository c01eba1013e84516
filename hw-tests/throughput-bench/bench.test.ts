// Runs the compiled throughput bench (`npm test` compiles first): shapes and manners, no rates.
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { benchPrograms, isRunning, type Outcome } from '../bench/bench-programs.test.support.ts';
import { CLIENT_PROCESSES, IN_FLIGHT, QUEUE_BYTES } from './effort.ts';
import { latencyNames, loadNames, queueNames, type RowName, rowNames } from './names.ts';
import type { ThroughputReport } from './report.ts';

const { scratch, tmp, run, start } = benchPrograms('throughput-bench');

describe('a quick throughput bench', () => {
  const jsonFile = join(scratch, 'report.json');
  const htmlFile = join(scratch, 'report.html');
  let outcome: Outcome;
  let report: ThroughputReport;

  beforeAll(async () => {
    outcome = await run(['--quick', '--json', jsonFile, '--html', htmlFile]);
    if (!existsSync(jsonFile)) throw new Error(outcome.stderr);
    report = JSON.parse(readFileSync(jsonFile, 'utf8')) as ThroughputReport;
  });

  const figuresOf = (row: RowName) => report.figures.filter((figure) => figure.row === row);
  const namesIn = (row: RowName) => new Set(figuresOf(row).map(({ name }) => name));

  test('skips nothing', () => {
    expect(report.skipped).toEqual([]);
    expect(outcome.code).toBe(0);
  });

  test('has every contender in every row that it can be in', () => {
    expect(namesIn('calls')).toEqual(new Set(loadNames));
    expect(namesIn('queue')).toEqual(new Set(queueNames));
    expect(namesIn('latency')).toEqual(new Set(latencyNames));
    for (const row of ['memory', 'beside'] as const) {
      expect([...namesIn(row)]).toEqual(expect.arrayContaining(['grpc-js', 'zeromq']));
    }
  });

  test.each(['grpc-js', 'zeromq'])('loads %s in every cell, and with few of many that call', (name) => {
    const cells = figuresOf('calls')
      .filter((figure) => figure.name === name)
      .map(({ at }) => at);
    const expected = [1, 16].flatMap((clients) => IN_FLIGHT.map((inFlight) => ({ clients, inFlight })));
    expect(cells).toEqual([...expected, { clients: 16, active: 8, inFlight: 8 }]);
  });

  test('has each size of message', () => {
    const sizes = figuresOf('queue').filter(({ name, what }) => name === 'zeromq' && what === 'bytes/s');
    expect(sizes.map(({ at }) => at.bytes)).toEqual(QUEUE_BYTES);
  });

  test('has figures within their spread, above nothing where time or rate is measured', () => {
    for (const { row, median, spread, values } of report.figures) {
      if (row !== 'memory') expect(spread.min).toBeGreaterThan(0);
      expect(median).toBeGreaterThanOrEqual(spread.min);
      expect(median).toBeLessThanOrEqual(spread.max);
      expect(values.length).toBeGreaterThan(0);
    }
  });

  test('divides the modest client’s tail, and single calls', () => {
    const whats = report.ratios.map(({ what }) => what);
    expect(whats).toContain('p99, zeromq, beside a greedy client / alone');
    expect(whats).toContain('p50, grpc-js / leasewire-await');
    for (const { ratio } of report.ratios) expect(ratio).toBeGreaterThan(0);
  });

  test('names its machine, its method and who disturbed it', () => {
    expect(report.machine.node).toBe(process.version);
    for (const row of rowNames) expect(report.method.some((sentence) => sentence.startsWith(`${row}: `))).toBe(true);
    expect(report.disturbance.othersCpuPercent).toBeGreaterThanOrEqual(0);
  });

  test('prints a table and draws a page that fetches nothing', () => {
    for (const name of ['leasewire', 'grpc-js', 'zeromq', 'memcpy-c']) expect(outcome.stdout).toContain(name);
    const html = readFileSync(htmlFile, 'utf8');
    expect(html.match(/<svg/g)).toHaveLength(2);
    expect(html).not.toMatch(/<script|<link|src=|@import|NaN|undefined/);
  });

  test('leaves no directory behind', () => {
    expect(readdirSync(tmp)).toEqual([]);
  });
});

describe('manners', () => {
  test('a bad argument is named, with the usage', async () => {
    const { code, stderr } = await run(['--clients', 'many']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/--clients: 'many' is not an integer from 1 to 4096/);
    expect(stderr).toMatch(/usage: npm run bench:throughput/);
  });

  test('only what is asked for is measured', async () => {
    const { code, stdout } = await run('--quick --rows queue --only zeromq --json'.split(' '));
    const report = JSON.parse(stdout) as ThroughputReport;
    expect(code).toBe(0);
    expect(new Set(report.figures.map(({ row, name }) => `${row} ${name}`))).toEqual(new Set(['queue zeromq']));
  });

  test('a contender that fails under way is ended, told and measured no more; the others are', async () => {
    const { bench, children, stderr } = await start('--rounds 1 --rows queue --only zeromq,memcpy-c'.split(' '));
    const [, consumer] = children;
    process.kill(Number(consumer), 'SIGKILL');
    expect(await once(bench, 'exit')).toEqual([1, null]);
    expect(await stderr).toMatch(/skipped zeromq, as a queue: zeromq (consumer|producer): ended with SIGKILL/);
    await expect.poll(() => children.filter(isRunning)).toEqual([]);
    expect(readdirSync(tmp)).toEqual([]);
  });

  test('interrupted, it ends its processes and clears its directory', async () => {
    const { bench, children } = await start('--rows calls --only grpc-js,leasewire'.split(' '));
    expect(children).toHaveLength(2 * (1 + CLIENT_PROCESSES));
    bench.kill('SIGINT');
    expect(await once(bench, 'exit')).toEqual([130, null]);
    await expect.poll(() => children.filter(isRunning)).toEqual([]);
    expect(readdirSync(tmp)).toEqual([]);
  });
});
