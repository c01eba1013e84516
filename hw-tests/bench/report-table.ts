// The report as text for a terminal.
import { disturbanceLine } from './disturbance.ts';
import { machineLine } from './machine.ts';
import { PAYLOAD_BYTES_MAX } from './options.ts';
import type { BenchReport, Ratio, Result, Skipped } from './report.ts';
import { counts, durations, format, formatBytes, formatRange, ratios as ratioUnit } from './units.ts';

const WIDTH_MAX = 110;

export function renderTable(report: BenchReport): string {
  const paragraphs = [
    `leasewire latency bench, ${report.rounds} rounds${report.quick ? ', QUICK: no figures to quote' : ''}`,
    machineLine(report.machine),
    '',
    ...columns([figureHeader, ...report.results.map(figureCells)]),
    '',
    ...(report.ratios.length === 0 ? [] : [...columns(ratioRows(report.ratios)), '']),
    ...alsoLines(report),
    '',
    'Method',
    ...report.method.flatMap((sentence) => wrap(`- ${sentence}`)),
  ];
  return `${paragraphs.join('\n')}\n`;
}

export function payloadLabel(bytes: number): string {
  return bytes === PAYLOAD_BYTES_MAX ? `32 KiB (${bytes} B)` : formatBytes(bytes);
}

/** What is said besides the figures. */
export function alsoLines(report: BenchReport): readonly string[] {
  return [
    disturbanceLine(report.disturbance),
    `idle CPU, leasewire client and server together: ${idleCpuText(report)}`,
    `clock read: ${clockReadText(report)}`,
    ...report.notes,
    ...report.skipped.map(skippedLine),
  ];
}

function idleCpuText({ idleCpuPercent }: BenchReport): string {
  return idleCpuPercent === null ? 'not measured' : `${idleCpuPercent.toFixed(2)} % of a core`;
}

function clockReadText({ clockReadNs }: BenchReport): string {
  return Object.entries(clockReadNs)
    .map(([name, ns]) => `${name} ${ns.toFixed(0)} ns`)
    .join(', ');
}

export function skippedLine({ name, reason }: Skipped): string {
  return `SKIPPED ${name}: ${firstLine(reason)}`;
}

export function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

export const figureHeader: readonly string[] = [
  'payload',
  'contender',
  'p50',
  '',
  'p99',
  '',
  'p99.9',
  '',
  'calls/s',
  '',
];

/** A figure and its range over the visits, in turns. */
export function figureCells(result: Result): readonly string[] {
  const { spread } = result;
  const timed = (['p50Ns', 'p99Ns', 'p999Ns'] as const).flatMap((figure) => {
    const mark = figure === 'p50Ns' && result.p50From === 'singles' ? '*' : '';
    return [`${format(result[figure], durations)}${mark}`, formatRange(spread[figure], result[figure], durations)];
  });
  const perSecond = [format(result.perSecond, counts), formatRange(spread.perSecond, result.perSecond, counts)];
  return [payloadLabel(result.bytes), result.name, ...timed, ...perSecond];
}

/** One row for each pair, one column for each payload. */
export function ratioRows(ratios: readonly Ratio[]): readonly (readonly string[])[] {
  const payloads = [...new Set(ratios.map(({ bytes }) => bytes))];
  const pairs = [...new Set(ratios.map(pairText))];
  const ratioText = (pair: string, bytes: number) => {
    const ratio = ratios.find((candidate) => candidate.bytes === bytes && pairText(candidate) === pair);
    return ratio === undefined
      ? ''
      : `${format(ratio.ratio, ratioUnit)} (best ${format(ratio.ratioOfBest, ratioUnit)})`;
  };
  return [
    ['p50 ratio', ...payloads.map(payloadLabel)],
    ...pairs.map((pair) => [pair, ...payloads.map((bytes) => ratioText(pair, bytes))]),
  ];
}

function pairText({ name, over }: Ratio): string {
  return `${name} / ${over}`;
}

/** Columns as wide as their widest cell, texts to the left, figures to the right. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

export function wrap(text: string): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > WIDTH_MAX) {
      lines.push(line);
      line = ` `;
    }
    line += line === '' ? word : ` ${word}`;
  }
  return [...lines, line];
}
