// What the throughput bench found: table, JSON and page show it.
import type { Disturbance } from '../bench/disturbance.ts';
import type { Machine } from '../bench/machine.ts';
import type { Skipped } from '../bench/report.ts';
import type { Figure } from './ledger.ts';
import type { RowName } from './names.ts';
import type { Ratio } from './ratios.ts';

export interface ThroughputReport {
  readonly machine: Machine;
  readonly method: readonly string[];
  readonly rounds: number;
  readonly quick: boolean;
  readonly disturbance: Disturbance;
  readonly rows: readonly RowName[];
  readonly figures: readonly Figure[];
  readonly ratios: readonly Ratio[];
  readonly notes: readonly string[];
  readonly skipped: readonly Skipped[];
}
