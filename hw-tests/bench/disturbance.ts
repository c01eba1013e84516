// Who else used the cores while the bench measured. Two spinning processes on two cores feel any neighbour.
import { readFileSync } from 'node:fs';
import { parseTimes, ticksPerSec } from './idle-cpu.ts';

export interface Disturbance {
  /** CPU of processes that are not the bench's, per cent of one core. */
  readonly othersCpuPercent: number;
  /** Time the hypervisor gave to other guests, per cent of one core. */
  readonly stealPercent: number;
}

/** Above this, per cent of one core, a report says that it was disturbed. */
const DISTURBANCE_PERCENT_MAX = 10;

export function disturbanceLine({ othersCpuPercent, stealPercent }: Disturbance): string {
  const quiet = Math.max(othersCpuPercent, stealPercent) <= DISTURBANCE_PERCENT_MAX;
  const verdict = quiet ? '' : ': THE MACHINE WAS NOT QUIET, measure again';
  return `during the rounds others used ${othersCpuPercent.toFixed(1)} % of a core, the hypervisor took ${stealPercent.toFixed(1)} %${verdict}`;
}

export class DisturbanceMeter {
  readonly #pids: readonly number[];
  readonly #startMs: number = performance.now();
  readonly #start: Ticks;

  /** `pids`: all that the bench has started. Those that end meanwhile are counted as far as they came. */
  constructor(pids: readonly number[]) {
    this.#pids = pids;
    this.#start = readTicks(pids);
  }

  /** Since this was made. */
  read(): Disturbance {
    const now = readTicks(this.#pids);
    const ticks = (ticksPerSec() * (performance.now() - this.#startMs)) / 1000;
    return {
      othersCpuPercent: Math.max(0, (100 * (now.others - this.#start.others)) / ticks),
      stealPercent: (100 * (now.steal - this.#start.steal)) / ticks,
    };
  }
}

interface Ticks {
  readonly others: number;
  readonly steal: number;
}

function readTicks(pids: readonly number[]): Ticks {
  const { busy, steal } = parseCpuTicks(readFileSync('/proc/stat', 'utf8'));
  return { others: busy - benchTicks(pids), steal };
}

/** Of this process, of `pids`, and of those children that have ended: they are counted here once they were waited for. */
export function benchTicks(pids: readonly number[]): number {
  const { own, endedChildren } = parseTimes(readFileSync('/proc/self/stat', 'utf8'));
  return pids.reduce((total, pid) => total + livingTicks(pid), own + endedChildren);
}

function livingTicks(pid: number): number {
  try {
    return parseTimes(readFileSync(`/proc/${pid}/stat`, 'utf8')).own;
  } catch {
    return 0; // it has ended
  }
}

/** The first line of /proc/stat: user nice system idle iowait irq softirq steal. */
export function parseCpuTicks(stat: string): { readonly busy: number; readonly steal: number } {
  const ticks = /^cpu +(.*)$/m.exec(stat)?.[1]?.split(' ').map(Number) ?? [];
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = ticks;
  return { busy: user + nice + system + irq + softirq, steal };
}
