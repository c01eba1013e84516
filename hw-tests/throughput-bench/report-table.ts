// The report as text for a terminal, and the cells that the page shows as well.
import { disturbanceLine } from '../bench/disturbance.ts';
import { machineLine } from '../bench/machine.ts';
import { columns, skippedLine, wrap } from '../bench/report-table.ts';
import {
  byteCounts,
  byteRates,
  counts,
  durations,
  format,
  formatBytes,
  formatRange,
  ratios as ratioUnit,
  type Units,
} from '../bench/units.ts';
import { type At, type Figure, sameAt, type UnitName } from './ledger.ts';
import type { RowName } from './names.ts';
import type { ThroughputReport } from './report.ts';

export type Table = readonly (readonly string[])[];

const unitsOf: Readonly<Record<UnitName, Units>> = {
  count: counts,
  duration: durations,
  bytes: byteCounts,
  byteRate: byteRates,
};

export const titles: Readonly<Record<RowName, string>> = {
  calls: 'Calls a second',
  memory: 'Memory of an attached, idle client',
  beside: 'A modest client beside a greedy one',
  queue: 'Messages one way',
  latency: 'Single calls',
};

export function renderTable(report: ThroughputReport): string {
  const lines = [
    titleOf(report, ', QUICK: no figures to quote'),
    machineLine(report.machine),
    ...report.rows.flatMap((row) => {
      const table = figureTable(report, row);
      return table.length === 0 ? [] : ['', titles[row], ...columns(table), ...columns(ratioTable(report, row))];
    }),
    '',
    ...alsoLines(report),
    '',
    'Method',
    ...report.method.flatMap((sentence) => wrap(`- ${sentence}`)),
  ];
  return `${lines.join('\n')}\n`;
}

export function titleOf({ rounds, quick }: ThroughputReport, ifQuick: string): string {
  return `leasewire throughput bench, ${rounds} rounds${quick ? ifQuick : ''}`;
}

/** What is said besides the figures. */
export function alsoLines({ disturbance, notes, skipped }: ThroughputReport): readonly string[] {
  return [disturbanceLine(disturbance), ...notes, ...skipped.map(skippedLine)];
}

/** One line for each cell and contender; for each thing measured, its median and its range. Empty if nothing was. */
export function figureTable({ figures }: ThroughputReport, row: RowName): Table {
  const ofRow = figures.filter((figure) => figure.row === row);
  const whats = [...new Set(ofRow.map(({ what }) => what))];
  const lines = ofRow.filter((figure) => ofRow.find((each) => isSameLine(each, figure)) === figure);
  if (lines.length === 0) return [];
  return [
    ['cell', 'contender', ...whats.flatMap((what) => [what, ''])],
    ...lines.map((line) => [
      cellText(line.at),
      line.name,
      ...whats.flatMap((what) => figureCells(ofRow.find((each) => each.what === what && isSameLine(each, line)))),
    ]),
  ];
}

export function ratioTable({ ratios }: ThroughputReport, row: RowName): Table {
  const ofRow = ratios.filter((ratio) => ratio.row === row);
  return ofRow.map(({ at, what, ratio }) => [cellText(at), what, format(ratio, ratioUnit)]);
}

export function cellText({ clients, active, inFlight, bytes }: At): string {
  return [
    clients === undefined ? undefined : `${clients} ${clients === 1 ? 'client' : 'clients'}`,
    active === undefined ? undefined : `${active} active`,
    inFlight === undefined ? undefined : `${inFlight} in flight`,
    bytes === undefined ? undefined : formatBytes(bytes),
  ]
    .filter((part) => part !== undefined)
    .join(', ');
}

function isSameLine(a: Figure, b: Figure): boolean {
  return a.name === b.name && sameAt(a.at, b.at);
}

function figureCells(figure: Figure | undefined): readonly string[] {
  if (figure === undefined) return ['', ''];
  const units = unitsOf[figure.unit];
  const mark = figure.isShort ? '~' : '';
  return [`${format(figure.median, units)}${mark}`, formatRange(figure.spread, figure.median, units)];
}
