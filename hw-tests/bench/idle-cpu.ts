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
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [utime, stime] = fields.slice(11, 13).map(Number);
  if (utime === undefined || stime === undefined) throw new Error(`no times in '${stat}'`);
  return utime + stime;
}

/** utime + stime of some processes, in ticks. */
export function processTicks(pids: readonly number[]): number {
  return pids.reduce((total, pid) => total + parseTicks(readFileSync(`/proc/${pid}/stat`, 'utf8')), 0);
}

export function ticksPerSec(): number {
  return Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
}
