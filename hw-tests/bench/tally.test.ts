import { expect, test } from 'vitest';
import { idleFigures } from './report.ts';
import { ratiosOf, Tally } from './tally.ts';

function visit(ns: number) {
  return { figures: idleFigures([ns]), samples: 1 };
}

function filled(): Tally {
  const tally = new Tally();
  tally.addRow('leasewire-sync', 64, true);
  tally.addRow('floor-c', 64, true);
  for (const ns of [300, 900, 400]) tally.addVisit('leasewire-sync', 64, visit(ns));
  for (const ns of [100, 200]) tally.addVisit('floor-c', 64, visit(ns));
  tally.addIdleRound('floor-c', 64, [5, 7]);
  tally.addIdleRound('floor-c', 64, [6]);
  return tally;
}

test('rows are listed by payload and contender, whatever came first', () => {
  const tally = filled();
  tally.addRow('floor-c', 8, false);
  tally.addVisit('floor-c', 8, visit(1));
  const rows = tally.results(['floor-c', 'leasewire-sync']).map(({ name, bytes }) => `${name} ${bytes}`);
  expect(rows).toEqual(['floor-c 8', 'floor-c 64', 'leasewire-sync 64', 'floor-c-idle 64']);
});

test('a row is the median and the range of its visits', () => {
  const result = filled().results(['floor-c', 'leasewire-sync'])[1];
  expect(result).toMatchObject({ p50Ns: 400, samples: 3, p50From: 'batches' });
  expect(result?.spread.p50Ns).toEqual({ min: 300, max: 900 });
});

test('an idle row is of all its samples', () => {
  expect(filled().results(['floor-c'])[2]).toMatchObject({ name: 'floor-c-idle', p50Ns: 6, p99Ns: 7, samples: 3 });
});

test('ratios are of medians and of best visits, for pairs that ran', () => {
  expect(ratiosOf(filled().results(['floor-c', 'leasewire-sync']))).toEqual([
    { name: 'leasewire-sync', over: 'floor-c', bytes: 64, ratio: 400 / 150, ratioOfBest: 3 },
  ]);
});
