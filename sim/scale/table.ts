// The figures as a table of text.

import type { Row } from './figures.ts';
import type { LeaseMemory } from './lease-memory.ts';

interface Column {
  readonly title: string;
  readonly cell: (row: Row) => string;
}

const columns: readonly Column[] = [
  { title: 'nodes', cell: ({ figures }) => count(figures.nodes) },
  { title: 'leases', cell: ({ figures }) => count(figures.leases) },
  { title: 'watching', cell: ({ figures }) => count(figures.watchers) },
  { title: 'msg/s, all', cell: ({ figures }) => count(figures.messages) },
  { title: 'finding', cell: ({ figures }) => count(figures.findingMessages) },
  { title: 'leases’', cell: ({ figures }) => count(figures.leaseMessages) },
  { title: 'asked/s', cell: ({ figures }) => count(figures.questions) },
  { title: 'notices/s', cell: ({ figures }) => count(figures.notices) },
  { title: 'connections', cell: ({ figures }) => `${count(figures.connections)}, ${count(figures.connectionsMax)}` },
  { title: 'QPs', cell: ({ figures }) => `${count(figures.queuePairs)}, ${count(figures.queuePairsMax)}` },
  { title: 'registered', cell: ({ figures }) => kibibytes(figures.registeredBytes) },
  { title: 'known again', cell: ({ figures }) => milliseconds(figures.viewsMs) },
  { title: 'leased again', cell: ({ figures }) => milliseconds(figures.leasesMs) },
  { title: 'heap/node', cell: ({ costs }) => kibibytes(costs.nodeBytes) },
  { title: 'µs/msg', cell: ({ costs }) => costs.messageUs.toFixed(0) },
  { title: 'cpu', cell: ({ costs }) => `${costs.seconds.toFixed(0)} s` },
];

export const legend: string = `finding, leases’: control messages a second at one node · asked/s: questions that its registry answers
connections, QPs: at one node, the mean and the most · known, leased again: after losing a tenth of the nodes at once
where not all nodes watch, finding services is counted as if they did; until what was lost is known is measured with those that do`;

export function table(rows: readonly Row[]): string {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => columns.map(({ cell }) => cell(row)))];
  const widths = columns.map((_, at) => Math.max(...cells.map((line) => line[at]?.length ?? 0)));
  return cells.map((line) => line.map((text, at) => text.padStart(widths[at] ?? 0)).join('  ')).join('\n');
}

export function memoryLine(memory: LeaseMemory | undefined): string {
  if (memory === undefined) return 'Memory was not measured: Node was started without --expose-gc.';
  const { home, holder, session } = memory;
  const perGibibyte = Math.floor(2 ** 30 / (home + holder));
  return `A lease takes ${kibibytes(home)} at home and ${kibibytes(holder)} at a holder beside its bytes, a session ${kibibytes(session)} at both ends: ${count(perGibibyte)} leases in a GiB.`;
}

function count(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 1 : 0 });
}

function kibibytes(bytes: number | undefined): string {
  return bytes === undefined ? '—' : `${count(bytes / 1024)} KiB`;
}

function milliseconds(ms: number | undefined): string {
  return ms === undefined ? 'never' : `${count(ms)} ms`;
}
