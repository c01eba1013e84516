import { expect, test } from 'vitest';
import { Ledger } from './ledger.ts';
import { ratiosOf } from './ratios.ts';

const calls = { row: 'calls', what: 'calls/s', unit: 'count' } as const;
const cell = { clients: 8, inFlight: 8 };

function ratiosIn(ledger: Ledger) {
  return ratiosOf(ledger.figures(['calls', 'beside'], ['leasewire', 'grpc-js']));
}

test('a figure is the median of its visits, with their range', () => {
  const ledger = new Ledger();
  for (const value of [30, 10, 20]) ledger.add({ ...calls, name: 'grpc-js', at: cell }, value);
  const [figure] = ledger.figures(['calls'], ['grpc-js']);
  expect(figure).toMatchObject({ median: 20, spread: { min: 10, max: 30 }, values: [30, 10, 20], isShort: false });
});

test('figures stand by row, cell and contender, whatever came first', () => {
  const ledger = new Ledger();
  const add = (name: string, at: object) => ledger.add({ ...calls, name, at }, 1);
  add('grpc-js', { clients: 16, active: 8, inFlight: 8 });
  add('grpc-js', { clients: 16, inFlight: 64 });
  add('grpc-js', { clients: 8, inFlight: 8 });
  add('leasewire', { clients: 8, inFlight: 8 });
  ledger.add({ row: 'queue', what: 'bytes/s', unit: 'byteRate', name: 'zeromq', at: { bytes: 64 } }, 1);
  const found = ledger.figures(['queue', 'calls'], ['leasewire', 'grpc-js']).map(({ name, at }) => ({ name, ...at }));
  expect(found).toEqual([
    { name: 'zeromq', bytes: 64 },
    { name: 'leasewire', clients: 8, inFlight: 8 },
    { name: 'grpc-js', clients: 8, inFlight: 8 },
    { name: 'grpc-js', clients: 16, inFlight: 64 },
    { name: 'grpc-js', clients: 16, active: 8, inFlight: 8 },
  ]);
});

test('contenders are divided in the same cell alone', () => {
  const ledger = new Ledger();
  ledger.add({ ...calls, name: 'leasewire', at: cell }, 600);
  ledger.add({ ...calls, name: 'grpc-js', at: cell }, 6);
  ledger.add({ ...calls, name: 'grpc-js', at: { clients: 8, inFlight: 64 } }, 5);
  expect(ratiosIn(ledger)).toEqual([{ row: 'calls', what: 'calls/s, leasewire / grpc-js', at: cell, ratio: 100 }]);
});

test('few of many are divided by as few alone', () => {
  const ledger = new Ledger();
  const many = { clients: 1024, active: 8, inFlight: 8 };
  ledger.add({ ...calls, name: 'grpc-js', at: many }, 90);
  ledger.add({ ...calls, name: 'grpc-js', at: cell }, 100);
  expect(ratiosIn(ledger)).toEqual([
    { row: 'calls', what: 'calls/s, grpc-js, 8 of 1024 / 8 of 8', at: many, ratio: 0.9 },
  ]);
});

test('the modest client’s p99 beside the greedy one is divided by its p99 alone', () => {
  const ledger = new Ledger();
  const beside = { row: 'beside', unit: 'duration', name: 'leasewire', at: { bytes: 64 } } as const;
  ledger.add({ ...beside, what: 'p99 alone' }, 2);
  ledger.add({ ...beside, what: 'p99 beside' }, 3);
  expect(ratiosIn(ledger).map(({ ratio }) => ratio)).toEqual([1.5]);
});

test('of a rate that was not steady there is no ratio', () => {
  const ledger = new Ledger();
  ledger.add({ ...calls, name: 'leasewire', at: cell }, 600);
  ledger.add({ ...calls, name: 'grpc-js', at: cell }, 6, true);
  ledger.add({ ...calls, name: 'grpc-js', at: cell }, 7);
  expect(ratiosIn(ledger)).toEqual([]);
});
