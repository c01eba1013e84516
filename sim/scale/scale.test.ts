import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { Row } from './figures.ts';
import { runScale } from './run.ts';

const shared = { leasesPerNode: 10, leaseMs: 30_000, messageMs: 0.03, silent: false };
const run = (nodes: number, watchers = nodes, seed = 1) => runScale({ ...shared, nodes, watchers, seed });

function checkCounts({ figures, byKind }: Row): void {
  const { hello, resolve, services, describe, description, renew, renewed, remaining, time, end } = byKind;
  expect(renew).toBeGreaterThan(0);
  expect({ services, description }).toEqual({ services: resolve, description: describe });
  expect({ renewed, remaining, time }).toEqual({ renewed: renew, remaining: renew, time: 2 * (renew ?? 0) });
  // Whoever asks a node for a service makes a connection for it: two greetings, and one end that hears of its end. Homes
  // are asked over the sessions that there are. Each watcher asks all others three times.
  const asked = figures.watchers * (figures.nodes - 1) * 3;
  expect({ resolve, hello, end }).toEqual({ resolve: asked, hello: 2 * asked, end: asked });
  expect(figures.messages / figures.nodes).toBeCloseTo(figures.leaseMessages + figures.findingMessages, 6);
}

test('one seed gives the same figures, another one others', async () => {
  const [one, again, other] = [await run(10), await run(10), await run(10, 10, 2)];
  expect(again.figures).toEqual(one.figures);
  expect(again.byKind).toEqual(one.byKind);
  expect(other.figures.viewsMs).not.toBe(one.figures.viewsMs);
});

test('everybody gets on after the loss of a tenth, and nothing is left over', async () => {
  const row = await run(30);
  checkCounts(row);
  const { figures } = row;
  expect(figures).toMatchObject({ nodes: 30, leases: 300, watchers: 30, lost: 3, leftOver: 0 });
  expect(figures.viewsMs).toBeGreaterThan(0);
  expect(figures.leasesMs).toBeGreaterThan(0);
  // Ten homes for each, and for each ten holders.
  expect(figures).toMatchObject({ queuePairs: 20, queuePairsMax: 20, registeredBytes: 10 * 64 });
});

test('where some watch, finding services is counted as if all did', async () => {
  const [all, some] = [await run(30), await run(30, 10)];
  expect(some.figures.findingMessages / all.figures.findingMessages).toBeCloseTo(1, 1);
  expect(some.figures.leaseMessages).toBeCloseTo(all.figures.leaseMessages, 6);
});

test('whoever falls silent is missed after 20 s, and its leases are over with their time', async () => {
  const { figures } = await runScale({ ...shared, nodes: 20, watchers: 20, seed: 1, silent: true });
  expect(figures).toMatchObject({ lost: 2, leftOver: 0 });
  expect(figures.viewsMs).toBeGreaterThan(20_000);
  expect(figures.viewsMs).toBeLessThan(30_000);
  expect(figures.leasesMs).toBeGreaterThan(20_000);
  expect(figures.leasesMs).toBeLessThan(40_000);
});

test('the program prints a row for each size, and what a lease takes', async () => {
  const program = fileURLToPath(new URL('../../dist/sim/scale/cli.js', import.meta.url));
  const args = ['--expose-gc', program, '--nodes', '4,8', '--leases-per-node', '2'];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toMatch(/^ *4 +8 .*\n *8 +16 /m);
  expect(stdout).toMatch(/A lease takes [\d.]+ KiB at home/);
});
