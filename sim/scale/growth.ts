// How figures grow with the number of nodes, and where that leads.
import {
  peerPollMs,
  rdmaCompletionsMax,
  rdmaReceivesMax,
  rdmaSendsMax,
  rdmaStagingChunkBytes,
  rdmaStagingChunks,
  rdmaStagingWords,
} from '#bridge';
import { instancesPerService } from './cluster.ts';
import type { Figures, Row } from './figures.ts';

/** y = factor × n^exponent. */
export interface Power {
  readonly exponent: number;
  readonly factor: number;
}

/** The power that fits best: least squares of the logarithms. Undefined for fewer than two points, or one that is no size. */
export function fitPower(points: readonly (readonly [n: number, y: number | undefined])[]): Power | undefined {
  const logs = points.map(([n, y = 0]) => [Math.log(n), Math.log(y)] as const);
  if (logs.length < 2 || logs.some(([, y]) => !Number.isFinite(y))) return undefined;
  const mean = (at: 0 | 1) => logs.reduce((sum, each) => sum + each[at], 0) / logs.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const covariance = logs.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const variance = logs.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  if (variance === 0) return undefined;
  const exponent = covariance / variance;
  return { exponent, factor: Math.exp(meanY - exponent * meanX) };
}

/** Where it reaches `limit`; undefined if it hardly grows. */
export function reaches({ exponent, factor }: Power, limit: number): number | undefined {
  return exponent < 0.1 ? undefined : (limit / factor) ** (1 / exponent);
}

export type GrowingFigure = {
  [K in keyof Figures]: Figures[K] extends number | undefined ? K : never;
}[keyof Figures];

/** Between the two largest sizes: what does not grow counts for less and less there. */
export function growthOf(rows: readonly Row[], figure: GrowingFigure): Power | undefined {
  return fitPower(rows.slice(-2).map(({ figures }) => [figures.nodes, figures[figure]]));
}

/** Far sessions that one process can have: its completion queue has room for what all of them may post. */
const sessionsMax: number = Math.floor(rdmaCompletionsMax / (rdmaSendsMax + rdmaReceivesMax));

/** What each of them registers at its holder, beside what is leased. */
const stagingBytes: number = rdmaStagingChunkBytes * rdmaStagingChunks + 8 * rdmaStagingWords;

/** What the figures say, in sentences. Needs at least two sizes. */
export function conclusions(rows: readonly Row[], messageMs: number): string[] {
  const last = rows.at(-1);
  if (rows.length < 2 || last === undefined) return ['One size says nothing of growth.'];
  return [
    finding(rows, messageMs),
    connecting(rows),
    renewing(rows, last),
    sessions(rows, last),
    converging(rows, last),
  ];
}

function finding(rows: readonly Row[], messageMs: number): string {
  const growth = growthOf(rows, 'findingMessages');
  if (growth === undefined) return 'Finding services takes no messages.';
  const all = reaches(growth, 1000 / messageMs);
  const tenth = reaches(growth, 100 / messageMs);
  const how = `Finding services: ${power(growth)} messages a second at each node, ${power(growth, 1)} at all together.`;
  if (all === undefined || tenth === undefined) return `${how} It does not grow with the cluster.`;
  return (
    `${how} Whoever watches asks every node each ${peerPollMs / 1000} s, over a connection that is made for it. ` +
    `At ${messageMs * 1000} µs a message that takes a tenth of a core of each node from ${about(tenth)} nodes on, ` +
    `and all of it from ${about(all)} on: there finding services stops.`
  );
}

function connecting(rows: readonly Row[]): string {
  const growth = growthOf(rows, 'connectionsMax');
  if (growth === undefined) return 'No connections are made.';
  const why = growth.exponent < 0.1 ? 'they do not grow with the cluster' : 'one for each node that is asked';
  return `Connections open at once, at the node that has most: ${power(growth)}, ${why}; each is a descriptor.`;
}

function renewing(rows: readonly Row[], { figures, byKind }: Row): string {
  const growth = growthOf(rows, 'leaseMessages');
  const { renew = 0, time = 0, renewed = 0, remaining = 0 } = byKind;
  const each = renew === 0 ? 0 : (renew + time + renewed + remaining) / renew;
  const perLease = (figures.leaseMessages * figures.nodes) / figures.leases;
  return (
    `Leases: ${growth === undefined ? 'no' : power(growth)} messages a second at each node; ${perLease.toPrecision(3)} for each lease, ` +
    `${each.toFixed(1)} for each renewal.`
  );
}

function sessions(rows: readonly Row[], { figures }: Row): string {
  const growth = growthOf(rows, 'queuePairs');
  const held = figures.queuePairs / 2;
  return (
    `Queue pairs: ${growth === undefined ? 'as many' : power(growth)} at each node: one for each two processes that share leases, ` +
    `however many. Here ${instancesPerService} homes for each holder make ${figures.queuePairs.toFixed(1)}, at most ` +
    `${figures.queuePairsMax}; the completion queue of a process has room for ${sessionsMax}. Over RDMA each registers ` +
    `${(stagingBytes / 2 ** 20).toFixed(1)} MiB at its holder, beside what is leased: ${((held * stagingBytes) / 2 ** 20).toFixed(0)} MiB a node.`
  );
}

function converging(rows: readonly Row[], { figures }: Row): string {
  if (rows.some(({ figures: { viewsMs, leasesMs } }) => viewsMs === undefined || leasesMs === undefined)) {
    return 'After the loss not everybody got on within the time given.';
  }
  const views = growthOf(rows, 'viewsMs');
  const leases = growthOf(rows, 'leasesMs');
  return (
    `After losing ${figures.lost} of ${figures.nodes} nodes everybody knew who was left in ${ms(figures.viewsMs)}` +
    `${views === undefined ? '' : ` (${power(views)})`}, and had its leases in ${ms(figures.leasesMs)}` +
    `${leases === undefined ? '' : ` (${power(leases)})`}: a look is over when the slowest node has answered.`
  );
}

function ms(value: number | undefined): string {
  return value === undefined ? '—' : `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}

function power({ exponent }: Power, plus = 0): string {
  return `N^${(exponent + plus).toFixed(2).replace('-0.00', '0.00')}`;
}

function about(value: number): string {
  return Number(value.toPrecision(2)).toLocaleString('en');
}
