// The report as one self-contained page, with the plots of the local bench.
import { distributionChart, latencyChart } from '../bench/chart.ts';
import { PAYLOAD_BYTES_MAX } from '../bench/options.ts';
import { figure, listSection, page, tableSection } from '../bench/page.ts';
import type { Result } from '../bench/report.ts';
import { payloadLabel } from '../bench/report-table.ts';
import { isBenchName, isClientName, isMemoryName } from './names.ts';
import type { RoceReport } from './report.ts';
import { alsoLines, placeLine, tableHeader, tableRows, titleOf } from './report-table.ts';
import { BULK_BYTES, MEMORY_BYTES, SIZE_BYTES_MAX } from './sizes.ts';

export function renderHtml(report: RoceReport): string {
  const also = alsoLines(report);
  return page(titleOf(report), placeLine(report), [
    ...charts(report.latencies.filter(({ bytes }) => bytes !== BULK_BYTES)),
    tableSection('Figures', [tableHeader, ...tableRows(report)]),
    also.length === 0 ? '' : listSection('Also', also),
    listSection('Method', report.method),
  ]);
}

function charts(latencies: readonly Result[]): readonly string[] {
  if (latencies.length === 0) return [];
  const calls = latencies.filter(({ name }) => !isOneSided(name)).map(inOneColumn);
  const bytes = latencies.some((each) => each.bytes === MEMORY_BYTES) ? MEMORY_BYTES : (latencies[0]?.bytes ?? 0);
  const drawn = latencies.filter((each) => each.bytes === bytes || each.name === 'leasewire-fetch-add');
  return [
    ...(calls.length === 0 ? [] : [figure('Round trip by size', latencyChart(calls))]),
    figure(
      `Distribution of round trips at ${payloadLabel(bytes)} (fetch-add: 8 B), median over the rounds`,
      distributionChart(drawn),
    ),
  ];
}

function isOneSided(name: string): boolean {
  return isBenchName(name) && isClientName(name) && isMemoryName(name);
}

/** What the classic layout carries at most stands beside perftest's 32 KiB. */
function inOneColumn(result: Result): Result {
  return result.bytes === PAYLOAD_BYTES_MAX ? { ...result, bytes: SIZE_BYTES_MAX } : result;
}
