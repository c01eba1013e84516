// The machine a report was made on: figures mean nothing without it.
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly virtual: boolean;
  readonly kernel: string;
  readonly node: string;
  readonly date: string;
  /** Mean number of runnable tasks in the minute before the bench: above 0.5, others worked here too. */
  readonly loadBefore: number;
}

export function describeMachine(date: Date): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    virtual: /^flags\s*:.*\bhypervisor\b/m.test(readFileSync('/proc/cpuinfo', 'utf8')),
    kernel: `Linux ${release()}`,
    node: process.version,
    date: date.toISOString(),
    loadBefore: loadavg()[0] ?? 0,
  };
}

export function machineLine(machine: Machine): string {
  const cores = `${machine.cores} ${machine.virtual ? 'vCPUs of a virtual machine' : 'CPUs'}`;
  const load = `load before ${machine.loadBefore.toFixed(2)}`;
  return [machine.cpu, cores, machine.kernel, `Node ${machine.node}`, machine.date, load].join(' | ');
}
