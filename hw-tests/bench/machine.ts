// The machine a report was made on: figures mean nothing without it.
import { readFileSync } from 'node:fs';
import { cpus, release } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly virtual: boolean;
  readonly kernel: string;
  readonly node: string;
  readonly date: string;
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
  };
}

export function machineLine(machine: Machine): string {
  const cores = `${machine.cores} ${machine.virtual ? 'vCPUs of a virtual machine' : 'CPUs'}`;
  return [machine.cpu, cores, machine.kernel, `Node ${machine.node}`, machine.date].join(' | ');
}
