import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Figures, Row } from './figures.ts';
import { conclusions, fitPower, reaches } from './growth.ts';
import { plot } from './plot.ts';
import { memoryLine, table } from './table.ts';

const sizes = [10, 100, 1000, 10_000];

test('a power is found again, and where it leads', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.2, max: 3, noNaN: true }),
      fc.double({ min: 0.01, max: 100, noNaN: true }),
      (b, a) => {
        const power = fitPower(sizes.map((n) => [n, a * n ** b] as const));
        expect(power?.exponent).toBeCloseTo(b, 6);
        expect(power && reaches(power, a * 500 ** b)).toBeCloseTo(500, 3);
      },
    ),
  );
});

test('nothing is made of one size, of what is missing, or of what stays', () => {
  expect(fitPower([[10, 1]])).toBeUndefined();
  expect(
    fitPower([
      [10, 1],
      [100, undefined],
    ]),
  ).toBeUndefined();
  expect(
    fitPower([
      [10, 1],
      [100, 0],
    ]),
  ).toBeUndefined();
  expect(
    fitPower([
      [10, 1],
      [10, 2],
    ]),
  ).toBeUndefined();
  expect(reaches({ exponent: 0.02, factor: 3 }, 1000)).toBeUndefined();
});

const rowOf = (nodes: number, changed: Partial<Figures> = {}): Row => ({
  figures: {
    nodes,
    leases: 10 * nodes,
    watchers: nodes,
    leaseMessages: 2,
    findingMessages: 2.5 * nodes,
    messages: nodes * (2 + 2.5 * nodes),
    questions: nodes / 2,
    questionsMax: nodes / 2,
    notices: 0.4,
    connections: 40,
    connectionsMax: 40 + nodes,
    queuePairs: 20,
    queuePairsMax: 20,
    registeredBytes: 40_960,
    lost: nodes / 10,
    viewsMs: nodes / 5,
    leasesMs: 3,
    leftOver: 0,
    ...changed,
  },
  costs: { seconds: 1, messageUs: 20, nodeBytes: undefined },
  byKind: { renew: 10, time: 20, renewed: 10, remaining: 10 },
});
const rows = sizes.map((nodes) => rowOf(nodes));

test('says where it stops, and why', () => {
  const said = conclusions(rows, 0.04).join('\n');
  // 2.5 N messages a second at 40 µs each.
  expect(said).toContain('N^1.00 messages a second at each node, N^2.00 at all together');
  expect(said).toContain('from 1,000 nodes on, and all of it from 10,000 on');
  expect(said).toContain('5.0 for each renewal');
  expect(said).toContain('room for 110');
});

test('what does not grow does not stop, and what does not get on is said', () => {
  const flat = sizes.map((nodes) => rowOf(nodes, { findingMessages: 7, viewsMs: undefined }));
  const said = conclusions(flat, 0.04).join('\n');
  expect(said).toContain('It does not grow with the cluster');
  expect(said).toContain('not everybody got on');
  expect(conclusions(rows.slice(0, 1), 0.04)).toEqual(['One size says nothing of growth.']);
});

test('table and plot hold each size', () => {
  const lines = table([...rows, rowOf(20, { leasesMs: undefined })]).split('\n');
  expect(lines).toHaveLength(1 + 5);
  expect(new Set(lines.map(({ length }) => length)).size).toBe(1);
  expect(lines.at(-1)).toContain('never');
  expect(memoryLine(undefined)).toContain('--expose-gc');
  expect(memoryLine({ home: 2048, holder: 2048, session: 4096 })).toContain('262,144 leases in a GiB');
  const svg = plot(rows);
  expect(svg).toMatch(/^<svg/);
  for (const name of ['finding services', 'queue pairs, at most', 'until all know']) expect(svg).toContain(name);
});
