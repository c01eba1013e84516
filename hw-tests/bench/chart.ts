// The plots, drawn by echarts on the server as SVG text. Colours are put in as marks and replaced by the page's
// variables: echarts wants to parse a colour, and a variable it cannot.
import { type EChartsOption, init, type LineSeriesOption, type SeriesOption } from 'echarts';
import type { Result } from './report.ts';
import { payloadLabel } from './report-table.ts';
import { durations, format, type Units } from './units.ts';

const WIDTH_PX = 1120;
const HEIGHT_PX = 460;
const IDLE_HEIGHT_PX = 300;

/** Colours that stand for the page's variables. */
const INK = '#010101';
const FAINT = '#020202';
const LINE = '#030303';

interface Mark {
  readonly color: string;
  readonly variable: string;
  readonly symbol: string;
}

const marks: Readonly<Record<string, Mark>> = {
  'floor-c': { color: '#040404', variable: '--floor', symbol: 'circle' },
  'memcpy-c': { color: '#131313', variable: '--floor', symbol: 'circle' },
  'ring-c': { color: '#141414', variable: '--sync', symbol: 'diamond' },
  'leasewire-typed': { color: '#171717', variable: '--socket', symbol: 'pin' },
  'leasewire-in-place': { color: '#151515', variable: '--await', symbol: 'triangle' },
  'leasewire-copied': { color: '#161616', variable: '--socket', symbol: 'rect' },
  'leasewire-sync': { color: '#050505', variable: '--sync', symbol: 'diamond' },
  'leasewire-await': { color: '#060606', variable: '--await', symbol: 'triangle' },
  'unix-socket': { color: '#070707', variable: '--socket', symbol: 'rect' },
  leasewire: { color: '#121212', variable: '--await', symbol: 'triangle' },
  zeromq: { color: '#080808', variable: '--zeromq', symbol: 'roundRect' },
  ib_write_lat: { color: '#0a0a0a', variable: '--floor', symbol: 'circle' },
  ib_read_lat: { color: '#0b0b0b', variable: '--floor', symbol: 'emptyCircle' },
  'leasewire-rpc': { color: '#0c0c0c', variable: '--await', symbol: 'triangle' },
  'leasewire-rpc-sync': { color: '#0d0d0d', variable: '--sync', symbol: 'diamond' },
  'leasewire-read': { color: '#0e0e0e', variable: '--zeromq', symbol: 'roundRect' },
  'leasewire-write': { color: '#0f0f0f', variable: '--zeromq', symbol: 'pin' },
  'leasewire-fetch-add': { color: '#101010', variable: '--zeromq', symbol: 'arrow' },
  'tcp-echo': { color: '#111111', variable: '--socket', symbol: 'rect' },
  'grpc-js': { color: '#090909', variable: '--grpc', symbol: 'path://M0 0L10 0L5 10Z' },
};

const PANELS = [
  { figure: 'p50Ns', title: 'p50' },
  { figure: 'p99Ns', title: 'p99' },
  { figure: 'p999Ns', title: 'p99.9' },
] as const;

/** p50, p99 and p99.9 over the payload, side by side on one scale. */
export function latencyChart(results: readonly Result[]): string {
  const names = namesOf(results);
  const payloads = [...new Set(results.map(({ bytes }) => bytes))];
  const range = decades(results.flatMap((result) => PANELS.map(({ figure }) => result[figure])));
  const series = PANELS.flatMap(({ figure }, panel) =>
    names.map((name): SeriesOption => {
      const values = payloads.map((bytes) => find(results, name, bytes)?.[figure] ?? null);
      return { ...lineOf(name), data: values, xAxisIndex: panel, yAxisIndex: panel };
    }),
  );
  return drawPanels({
    names,
    titles: PANELS.map(({ title }) => title),
    categories: payloads.map(shortLabel),
    range,
    units: durations,
    series,
  });
}

export interface Panels {
  readonly names: readonly string[];
  readonly titles: readonly string[];
  /** What is to the right, of every panel. */
  readonly categories: readonly string[];
  readonly range: readonly [number, number];
  readonly units: Units;
  /** With the indices of their panel's axes. */
  readonly series: readonly SeriesOption[];
}

/** Panels side by side, on one logarithmic scale. */
export function drawPanels({ names, titles, categories, range, units, series }: Panels): string {
  const step = 96 / titles.length;
  const width = step - 4;
  return draw(HEIGHT_PX, {
    ...legend(names),
    title: titles.map((text, panel) => ({
      text,
      left: `${5 + panel * step + width / 2}%`,
      top: 34,
      textAlign: 'center',
      textStyle: { color: INK, fontSize: 13 },
    })),
    grid: titles.map((_, panel) => ({ left: `${5 + panel * step}%`, width: `${width}%`, top: 64, bottom: 40 })),
    xAxis: titles.map((_, panel) => ({ type: 'category', gridIndex: panel, data: [...categories], ...axis })),
    yAxis: titles.map((_, panel) => logAxis(panel, range, units)),
    series: [...series],
  });
}

/** Latency over the quantile, on a scale of nines: 90 %, 99 %, 99.9 % at equal distances. */
export function distributionChart(results: readonly Result[]): string {
  const series = results.map((result): SeriesOption => {
    const points = result.distribution.map(([quantile, ns]) => [ninesOf(quantile), ns]);
    return { ...lineOf(result.name), data: points };
  });
  const range = decades(results.flatMap((result) => result.distribution.map(([, ns]) => ns)));
  return draw(HEIGHT_PX, {
    ...legend(namesOf(results)),
    grid: { left: '7%', right: '3%', top: 44, bottom: 40 },
    xAxis: {
      type: 'value',
      min: 0,
      max: 4,
      interval: 1,
      ...axis,
      axisLabel: { ...axis.axisLabel, formatter: ninesLabel },
    },
    yAxis: logAxis(0, range, durations),
    series,
  });
}

/** Every first call after idleness, one line of dots for each contender; the larger mark is the median. */
export function idleChart(results: readonly Result[]): string {
  const names = results.map(({ name }) => name);
  const series = results.flatMap((result, row): SeriesOption[] => {
    const { color, symbol } = markOf(result.name);
    const dots = result.distribution.map(([, ns]) => [ns, row]);
    return [
      { type: 'scatter', data: dots, symbol, symbolSize: 6, itemStyle: { color, opacity: 0.45 } },
      { type: 'scatter', data: [[result.p50Ns, row]], symbol, symbolSize: 15, itemStyle: { color } },
    ];
  });
  const range = decades(results.flatMap((result) => result.distribution.map(([, ns]) => ns)));
  return draw(IDLE_HEIGHT_PX, {
    grid: { left: '14%', right: '3%', top: 16, bottom: 40 },
    xAxis: logAxis(0, range, durations),
    yAxis: { type: 'category', data: names, inverse: true, ...axis },
    series,
  });
}

const axis = {
  axisLabel: { color: FAINT },
  axisLine: { lineStyle: { color: LINE } },
  axisTick: { lineStyle: { color: LINE } },
  splitLine: { lineStyle: { color: LINE } },
};

function logAxis(gridIndex: number, [min, max]: readonly [number, number], units: Units) {
  const axisLabel = { ...axis.axisLabel, formatter: (value: number) => format(value, units) };
  return { type: 'log', logBase: 10, gridIndex, min, max, ...axis, axisLabel } as const;
}

export function lineOf(name: string): LineSeriesOption {
  const { color, symbol } = markOf(name);
  return {
    name,
    type: 'line',
    symbol,
    symbolSize: 8,
    itemStyle: { color },
    lineStyle: { color, width: 2 },
  };
}

function legend(names: readonly string[]): EChartsOption {
  return { legend: { data: [...names], top: 0, itemGap: 24, textStyle: { color: INK } } };
}

function draw(heightPx: number, option: EChartsOption): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH_PX, height: heightPx });
  chart.setOption({ animation: false, backgroundColor: 'transparent', ...option });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return withVariables(svg);
}

function withVariables(svg: string): string {
  const variables = [
    [INK, '--ink'],
    [FAINT, '--faint'],
    [LINE, '--line'],
    ...Object.values(marks).map(({ color, variable }) => [color, variable] as const),
  ] as const;
  return variables.reduce((text, [color, variable]) => text.replaceAll(color, `var(${variable})`), svg);
}

function markOf(name: string): Mark {
  return marks[name.replace(/-idle$/, '')] ?? { color: INK, variable: '--ink', symbol: 'circle' };
}

function namesOf(results: readonly Result[]): readonly string[] {
  return [...new Set(results.map(({ name }) => name))];
}

function find(results: readonly Result[], name: string, bytes: number): Result | undefined {
  return results.find((result) => result.name === name && result.bytes === bytes);
}

/** The powers of ten around the values. */
export function decades(values: readonly number[]): readonly [number, number] {
  return [
    10 ** Math.floor(Math.log10(Math.max(1, Math.min(...values)))),
    10 ** Math.ceil(Math.log10(Math.max(10, ...values))),
  ];
}

function ninesOf(quantile: number): number {
  return -Math.log10(1 - quantile);
}

function ninesLabel(nines: number): string {
  return `${Number((100 * (1 - 10 ** -nines)).toFixed(2))} %`;
}

function shortLabel(bytes: number): string {
  return payloadLabel(bytes).replace(/ \(.*/, '');
}
