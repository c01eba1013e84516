// The figures over the number of nodes, both on logarithmic scales, as SVG text.
import { init, type SeriesOption } from 'echarts';
import type { Figures, Row } from './figures.ts';

const widthPx = 1120;
const heightPx = 420;

interface Panel {
  readonly title: string;
  readonly lines: readonly { readonly name: string; readonly of: (figures: Figures) => number | undefined }[];
}

const panels: readonly Panel[] = [
  {
    title: 'control messages a second, at one node',
    lines: [
      { name: 'finding services', of: ({ findingMessages }) => findingMessages },
      { name: 'leases', of: ({ leaseMessages }) => leaseMessages },
    ],
  },
  {
    title: 'at one node',
    lines: [
      { name: 'connections, at most', of: ({ connectionsMax }) => connectionsMax },
      { name: 'queue pairs, at most', of: ({ queuePairsMax }) => queuePairsMax },
    ],
  },
  {
    title: 'after losing a tenth, milliseconds',
    lines: [
      { name: 'until all know', of: ({ viewsMs }) => viewsMs },
      { name: 'until all have their leases', of: ({ leasesMs }) => leasesMs },
    ],
  },
];

export function plot(rows: readonly Row[]): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: widthPx, height: heightPx });
  const step = 96 / panels.length;
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    // Without a browser the widths of texts are guessed, and often too small.
    legend: { bottom: 0, itemGap: 36 },
    title: panels.map(({ title }, at) => ({
      text: title,
      left: `${4 + at * step + (step - 5) / 2}%`,
      textAlign: 'center',
      textStyle: { fontSize: 13 },
    })),
    grid: panels.map((_, at) => ({ left: `${4 + at * step}%`, width: `${step - 5}%`, top: 40, bottom: 64 })),
    xAxis: panels.map((_, gridIndex) => ({
      type: 'log',
      gridIndex,
      name: 'nodes',
      nameLocation: 'middle',
      nameGap: 26,
    })),
    yAxis: panels.map((_, gridIndex) => ({ type: 'log', gridIndex })),
    series: panels.flatMap((panel, at) => panel.lines.map((line) => lineOf(rows, at, line))),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

function lineOf(rows: readonly Row[], panel: number, { name, of }: Panel['lines'][number]): SeriesOption {
  const points = rows.map(({ figures }) => [figures.nodes, of(figures)]);
  const data = points.filter(([, y = 0]) => y > 0);
  return { type: 'line', name, xAxisIndex: panel, yAxisIndex: panel, symbolSize: 8, data };
}
