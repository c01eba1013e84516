// The report as one self-contained page: no script, no request, plots as inline SVG.
import { distributionChart, idleChart, latencyChart } from './chart.ts';
import { machineLine } from './machine.ts';
import { pageStyle } from './page-style.ts';
import type { BenchReport } from './report.ts';
import { alsoLines, figureCells, figureHeader, payloadLabel, ratioRows } from './report-table.ts';

/** The payload whose distribution is drawn, or the first measured. */
const DISTRIBUTION_BYTES = 64;

export function renderHtml(report: BenchReport): string {
  const title = `leasewire latency bench, ${report.rounds} rounds${report.quick ? ', quick: no figures to quote' : ''}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${pageStyle}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(machineLine(report.machine))}</p>
${chartSections(report)}
${tableSection('Figures', [figureHeader, ...report.results.map(figureCells)])}
${report.ratios.length === 0 ? '' : tableSection('Ratios of p50', ratioRows(report.ratios))}
<section><h2>Also</h2>${list(alsoLines(report))}</section>
<section><h2>Method</h2>${list(report.method)}</section>
</body>
</html>
`;
}

function chartSections({ results }: BenchReport): string {
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
  return sections.join('\n');
}

function figure(caption: string, svg: string): string {
  return `<figure><figcaption><h2>${escapeHtml(caption)}</h2></figcaption><div class="plot">${svg}</div></figure>`;
}

function tableSection(heading: string, [head = [], ...rows]: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join('')}</tr>`;
  const body = rows.map((cells) => row(cells, 'td')).join('\n');
  return `<section><h2>${escapeHtml(heading)}</h2><div class="plot"><table><thead>${row(head, 'th')}</thead>
<tbody>${body}</tbody></table></div></section>`;
}

function list(items: readonly string[]): string {
  return `<ul>${items.map((item) => `<li>${escapeHtml(item)}</li>`).join('\n')}</ul>`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
