// The plots: calls a second over attached clients, a panel for each number of calls in flight; bytes a second of queues.
import { decades, drawPanels, lineOf } from '../bench/chart.ts';
import { byteRates, counts, formatBytes } from '../bench/units.ts';
import type { Figure } from './ledger.ts';

export function callsChart(figures: readonly Figure[]): string {
  const calls = figures.filter(({ row, at }) => row === 'calls' && at.active === undefined);
  const inFlight = distinct(calls.map(({ at }) => at.inFlight ?? 0));
  const clients = distinct(calls.map(({ at }) => at.clients ?? 0));
  const names = distinct(calls.map(({ name }) => name));
  return drawPanels({
    names,
    titles: inFlight.map((count) => `${count} in flight each`),
    categories: clients.map(String),
    range: decades(calls.map(({ median }) => median)),
    units: counts,
    series: inFlight.flatMap((flight, panel) =>
      names.map((name) => {
        const ofLine = calls.filter((each) => each.name === name && each.at.inFlight === flight);
        const data = clients.map((count) => ofLine.find(({ at }) => at.clients === count)?.median ?? null);
        return { ...lineOf(name), data, xAxisIndex: panel, yAxisIndex: panel };
      }),
    ),
  });
}

export function queueChart(figures: readonly Figure[]): string {
  const rates = figures.filter(({ row, what }) => row === 'queue' && what === 'bytes/s');
  const sizes = distinct(rates.map(({ at }) => at.bytes ?? 0));
  const names = distinct(rates.map(({ name }) => name));
  return drawPanels({
    names,
    titles: ['bytes/s'],
    categories: sizes.map(formatBytes),
    range: decades(rates.map(({ median }) => median)),
    units: byteRates,
    series: names.map((name) => {
      const ofLine = rates.filter((each) => each.name === name);
      return { ...lineOf(name), data: sizes.map((size) => ofLine.find(({ at }) => at.bytes === size)?.median ?? null) };
    }),
  });
}

function distinct<T>(values: readonly T[]): readonly T[] {
  return [...new Set(values)];
}
