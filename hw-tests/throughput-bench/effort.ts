// How much the throughput bench measures, for a full run and for a quick look.
import { type Effort as CallEffort, fullEffort as fullCalls, quickEffort as quickCalls } from '../bench/effort.ts';
import type { Room } from './load-plane.ts';

export const CLIENTS_DEFAULT: readonly number[] = [1, 8, 64, 256, 1024];
export const CLIENTS_QUICK: readonly number[] = [1, 16];
export const CLIENTS_MAX = 4096;

/** Calls in flight of each client. */
export const IN_FLIGHT: readonly number[] = [1, 8, 64];
const IN_FLIGHT_MAX = 64;

export const PAYLOAD_BYTES = 64;

/** How many call while the others that are attached do not. */
export const ACTIVE_CLIENTS = 8;
export const ACTIVE_IN_FLIGHT = 8;

/** Clients are spread over so many processes. */
export const CLIENT_PROCESSES = 8;

/** The modest client calls this often; the greedy one has as many calls in flight as any. */
export const MODEST_INTERVAL_MS = 1;
export const GREEDY_IN_FLIGHT: number = IN_FLIGHT_MAX;

export const QUEUE_BYTES: readonly number[] = [64, 1024, 65_536];
/** Messages that a queue, and the floor's ring, hold. */
export const QUEUE_MESSAGES = 256;

export function roomFor(clients: number): Room {
  return { clients, inFlight: IN_FLIGHT_MAX, bytes: PAYLOAD_BYTES };
}

/** Load is put on for rampMs, then counted for windowMs, then kept up for rampMs, since others may yet be counting. */
export interface WindowEffort {
  readonly rampMs: number;
  readonly windowMs: number;
  /** Until then a window waits for as many answers as there are calls in flight. */
  readonly windowMsMax: number;
}

export interface Effort {
  readonly window: WindowEffort;
  readonly modestMs: number;
  /** Rounds of the memory row: each opens its contenders anew. */
  readonly memoryRoundsMax: number;
  readonly calls: CallEffort;
}

export const fullEffort: Effort = {
  window: { rampMs: 100, windowMs: 300, windowMsMax: 3000 },
  modestMs: 2000,
  memoryRoundsMax: 3,
  calls: fullCalls,
};

export const quickEffort: Effort = {
  window: { rampMs: 20, windowMs: 40, windowMsMax: 500 },
  modestMs: 150,
  memoryRoundsMax: 1,
  calls: quickCalls,
};
