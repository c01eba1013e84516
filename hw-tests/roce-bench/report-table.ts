// The report as text for a terminal.
import { machineLine } from '../bench/machine.ts';
import { columns, firstLine, payloadLabel, wrap } from '../bench/report-table.ts';
import type { Spread } from '../bench/statistics.ts';
import { byteRates, durations, format, formatRange, ratios as ratioUnit } from '../bench/units.ts';
import type { RoceReport, RoceResult } from './report.ts';

export const tableHeader: readonly string[] = ['size', 'what', 'p50', '', 'p99', '', 'rate', '', 'ratio', 'to'];

export function renderTable(report: RoceReport): string {
  const paragraphs = [
    titleOf(report),
    placeLine(report),
    '',
    ...columns([tableHeader, ...tableRows(report)]),
    '',
    ...alsoLines(report),
    'Method',
    ...report.method.flatMap((sentence) => wrap(`- ${sentence}`)),
  ];
  return `${paragraphs.join('\n')}\n`;
}

export function titleOf({ rounds, quick }: RoceReport): string {
  return `leasewire bench over RDMA, ${rounds} rounds${quick ? ', QUICK: no figures to quote' : ''}`;
}

/** Machine and acceleration: without them the figures mean nothing. */
export function placeLine({ machine, node, accelerator }: RoceReport): string {
  if (accelerator === 'none') return `real hosts: ${machineLine(node)}`;
  return `two virtual machines, accelerator ${accelerator}, software RoCE (rxe): ${machineLine(node)}; on ${machineLine(machine)}`;
}

export function tableRows(report: RoceReport): readonly (readonly string[])[] {
  return report.results.map((result) => [
    payloadLabel(result.bytes),
    result.name,
    ...cells(result.p50Ns, result.p50NsSpread, durations),
    ...cells(result.p99Ns, result.p99NsSpread, durations),
    ...cells(result.bytesPerSecond, result.bytesPerSecondSpread, byteRates),
    ...ratioCells(report, result),
  ]);
}

/** What is said besides the figures. */
export function alsoLines({ notes, skipped }: RoceReport): readonly string[] {
  return [...notes, ...skipped.map(({ name, reason }) => `SKIPPED ${name}: ${firstLine(reason)}`)];
}

function cells(value: number | null, range: Spread | null, units: typeof durations): readonly [string, string] {
  return value === null || range === null ? ['', ''] : [format(value, units), formatRange(range, value, units)];
}

function ratioCells({ ratios }: RoceReport, { name, bytes }: RoceResult): readonly [string, string] {
  const found = ratios.find((ratio) => ratio.name === name && ratio.bytes === bytes);
  if (found === undefined) return ['', ''];
  return [format(found.ratio, ratioUnit), found.over === 'ib_write_lat' ? '2 ib_write_lat' : found.over];
}
