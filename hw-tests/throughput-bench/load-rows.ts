// The rows of contenders that answer calls: calls a second by clients and calls in flight, the memory that a client
// takes, and what a modest client feels of a greedy one.
import { ascending, percentile } from '../bench/statistics.ts';
import {
  ACTIVE_CLIENTS,
  ACTIVE_IN_FLIGHT,
  type Effort,
  GREEDY_IN_FLIGHT,
  IN_FLIGHT,
  MODEST_INTERVAL_MS,
  PAYLOAD_BYTES,
} from './effort.ts';
import type { Fleet } from './fleet.ts';
import type { At, Ledger } from './ledger.ts';
import type { Measured } from './measured.ts';

export interface Cell {
  readonly clients: number;
  readonly active?: number;
  readonly inFlight: number;
}

/** In the order in which they are measured: clients are attached anew only where they are to have more calls in flight. */
export function cellsOf(clients: readonly number[]): readonly Cell[] {
  const clientsMax = Math.max(...clients);
  return IN_FLIGHT.flatMap((inFlight) => [
    ...clients.map((count) => ({ clients: count, inFlight })),
    ...(inFlight === ACTIVE_IN_FLIGHT && clientsMax > ACTIVE_CLIENTS
      ? [{ clients: clientsMax, active: ACTIVE_CLIENTS, inFlight }]
      : []),
  ]);
}

export async function callsRound(
  fleets: Measured<Fleet>,
  clients: readonly number[],
  effort: Effort,
  ledger: Ledger,
): Promise<void> {
  for (const cell of cellsOf(clients)) {
    await fleets.each(async (fleet) => {
      if (fleet.can(cell.clients, cell.inFlight)) await measureCell(fleet, cell, effort, ledger);
    });
  }
  await fleets.each((fleet) => fleet.attach(0, 1));
}

async function measureCell(fleet: Fleet, cell: Cell, effort: Effort, ledger: Ledger): Promise<void> {
  const { clients, active = clients, inFlight } = cell;
  await fleet.attach(clients, inFlight);
  const { perSecond, isShort } = await fleet.load({ active, inFlight, bytes: PAYLOAD_BYTES, ...effort.window });
  const key = { row: 'calls', name: fleet.name, what: 'calls/s', unit: 'count' } as const;
  ledger.add({ ...key, at: cell }, perSecond, isShort);
}

/**
 * On a fleet that was opened for it: shared memory that earlier clients have touched would be taken for nothing. What else
 * a process needs is looked at the second time that all are attached: the first has made its heap as large as it stays.
 */
export async function measureMemory(fleet: Fleet, clients: number, ledger: Ledger): Promise<void> {
  if (!fleet.can(clients, 1)) return;
  const fresh = await fleet.footprint();
  await fleet.attach(clients, 1);
  const touched = await fleet.footprint();
  await fleet.attach(0, 1);
  const before = await fleet.footprint();
  await fleet.attach(clients, 1);
  const after = await fleet.footprint();
  const add = (what: string, bytes: number) =>
    ledger.add({ row: 'memory', name: fleet.name, at: { clients }, what, unit: 'bytes' }, bytes / clients);
  const server = after.serverBytes - before.serverBytes;
  const shared = touched.sharedBytes - fresh.sharedBytes;
  add('server + shared', server + shared);
  add('server', server);
  add('shared', shared);
  add('client', after.clientBytes - before.clientBytes);
}

export async function besideRound(fleets: Measured<Fleet>, effort: Effort, ledger: Ledger): Promise<void> {
  await fleets.each(async (fleet) => {
    if (!fleet.can(2, GREEDY_IN_FLIGHT)) return;
    await fleet.attach(2, GREEDY_IN_FLIGHT);
    await measureBeside(fleet, effort, ledger);
    await fleet.attach(0, 1);
  });
}

async function measureBeside(fleet: Fleet, { window, modestMs }: Effort, ledger: Ledger): Promise<void> {
  const { rampMs } = window;
  const at: At = { bytes: PAYLOAD_BYTES };
  const modest = {
    ...at,
    bytes: PAYLOAD_BYTES,
    intervalMs: MODEST_INTERVAL_MS,
    leadInMs: rampMs,
    durationMs: modestMs,
  };
  const greedy = { active: 1, inFlight: GREEDY_IN_FLIGHT, bytes: PAYLOAD_BYTES, rampMs };
  const addTimes = (when: string, samplesNs: readonly number[]) => {
    const sorted = ascending(samplesNs);
    for (const [what, quantile] of [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const) {
      const key = { row: 'beside', name: fleet.name, at, what: `${what} ${when}`, unit: 'duration' } as const;
      ledger.add(key, percentile(sorted, quantile));
    }
  };
  addTimes('alone', await fleet.pace(modest));
  const beside = await fleet.paceBeside(modest, { ...greedy, windowMs: modestMs, windowMsMax: modestMs });
  addTimes('beside', beside.samplesNs);
  const key = { row: 'beside', name: fleet.name, at, what: 'greedy calls/s', unit: 'count' } as const;
  ledger.add(key, beside.greedyPerSecond);
}
