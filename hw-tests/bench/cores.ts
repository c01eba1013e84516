// Which two cores to pin two spinning processes to.
import { readFileSync } from 'node:fs';

/** Two CPUs this process may use, on different cores where there are such. */
export function twoCores(): readonly [number, number] {
  const [first, ...others] = parseCpuList(allowedCpus());
  if (first === undefined || others[0] === undefined)
    throw new Error('two spinning processes need two CPUs, there is one');
  const siblings = parseCpuList(siblingCpus(first));
  return [first, others.find((cpu) => !siblings.includes(cpu)) ?? others[0]];
}

/** The kernel's list form: `0-2,5` is 0, 1, 2, 5. */
export function parseCpuList(list: string): readonly number[] {
  return list
    .trim()
    .split(',')
    .filter((range) => range !== '')
    .flatMap((range) => {
      const [first = Number.NaN, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
}

function allowedCpus(): string {
  const status = readFileSync('/proc/self/status', 'utf8');
  return /^Cpus_allowed_list:\s*(.*)$/m.exec(status)?.[1] ?? '';
}

function siblingCpus(cpu: number): string {
  try {
    return readFileSync(`/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`, 'utf8');
  } catch {
    return String(cpu); // no topology in this container: nothing known to avoid
  }
}
