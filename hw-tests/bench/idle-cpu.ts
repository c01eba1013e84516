// CPU time that processes use while nothing is asked of them.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

/** The CPU used by `pids` together over `durationMs`, in per cent of one core. */
export async function idleCpuPercent(pids: readonly number[], durationMs: number): Promise<number> {
  const ticksBefore = processTicks(pids);
  const startMs = performance.now();
  await setTimeout(durationMs);
  const ticks = processTicks(pids) - ticksBefore;
  const elapsedSecs = (performance.now() - startMs) / 1000;
  return (100 * ticks) / ticksPerSec() / elapsedSecs;
}

/** utime + stime of /proc/PID/stat, all threads. The command before them may itself hold spaces and brackets. */
export function parseTicks(stat: string): number {
  return parseTimes(stat).own;
}

/** Besides a process's own, the ticks of its children that have ended and were waited for. */
export function parseTimes(stat: string): { readonly own: number; readonly endedChildren: number } {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [utime, stime, cutime, cstime] = fields.slice(11, 15).map(Number);
  if (utime === undefined || stime === undefined || cutime === undefined || cstime === undefined) {
    throw new Error(`no times in '${stat}'`);
  }
  return { own: utime + stime, endedChildren: cutime + cstime };
}

/** utime + stime of some processes, in ticks. */
export function processTicks(pids: readonly number[]): number {
  return pids.reduce((total, pid) => total + parseTicks(readFileSync(`/proc/${pid}/stat`, 'utf8')), 0);
}

export function ticksPerSec(): number {
  return Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
}
