// The report as one self-contained page: no script, no request, plots as inline SVG.
import { distributionChart, idleChart, latencyChart } from './chart.ts';
import { machineLine } from './machine.ts';
import { figure, listSection, page, tableSection } from './page.ts';
import type { BenchReport } from './report.ts';
import { alsoLines, figureCells, figureHeader, payloadLabel, ratioRows } from './report-table.ts';

/** The payload whose distribution is drawn, or the first measured. */
const DISTRIBUTION_BYTES = 64;

export function renderHtml(report: BenchReport): string {
  const title = `leasewire latency bench, ${report.rounds} rounds${report.quick ? ', quick: no figures to quote' : ''}`;
  return page(title, machineLine(report.machine), [
    ...chartSections(report),
    tableSection('Figures', [figureHeader, ...report.results.map(figureCells)]),
    report.ratios.length === 0 ? '' : tableSection('Ratios of p50', ratioRows(report.ratios)),
    listSection('Also', alsoLines(report)),
    listSection('Method', report.method),
  ]);
}

function chartSections({ results }: BenchReport): readonly string[] {
  const calls = results.filter(({ name }) => !name.endsWith('-idle'));
  const idle = results.filter(({ name }) => name.endsWith('-idle'));
  const bytes = calls.some((result) => result.bytes === DISTRIBUTION_BYTES) ? DISTRIBUTION_BYTES : calls[0]?.bytes;
  const one = calls.filter((result) => result.bytes === bytes);
  const sections: string[] = [];
  if (calls.length > 0) {
    sections.push(figure('Round trip by payload', latencyChart(calls)));
    sections.push(
      figure(`Distribution at ${payloadLabel(bytes ?? 0)}, calls timed one by one`, distributionChart(one)),
    );
  }
  if (idle.length > 0) sections.push(figure('First call after 1 s of idleness, every sample', idleChart(idle)));
  return sections;
}
