// The report as one self-contained page: no script, no request, plots as inline SVG.
import { machineLine } from '../bench/machine.ts';
import { figure, listSection, page, tableSection } from '../bench/page.ts';
import { callsChart, queueChart } from './chart.ts';
import type { Figure } from './ledger.ts';
import type { RowName } from './names.ts';
import type { ThroughputReport } from './report.ts';
import { alsoLines, figureTable, ratioTable, titleOf, titles } from './report-table.ts';

const charts: Partial<Record<RowName, readonly [string, (figures: readonly Figure[]) => string]>> = {
  calls: ['Calls a second by attached clients', callsChart],
  queue: ['Bytes a second by size of message', queueChart],
};

export function renderHtml(report: ThroughputReport): string {
  return page(titleOf(report, ', quick: no figures to quote'), machineLine(report.machine), [
    ...report.rows.flatMap((row) => rowSections(report, row)),
    listSection('Also', alsoLines(report)),
    listSection('Method', report.method),
  ]);
}

function rowSections(report: ThroughputReport, row: RowName): readonly string[] {
  const table = figureTable(report, row);
  if (table.length === 0) return [];
  const [caption, chart] = charts[row] ?? [];
  const ratios = ratioTable(report, row);
  return [
    ...(caption === undefined || chart === undefined ? [] : [figure(caption, chart(report.figures))]),
    tableSection(titles[row], table),
    ...(ratios.length === 0 ? [] : [tableSection(`${titles[row]}, ratios`, [['cell', 'of', 'ratio'], ...ratios])]),
  ];
}
