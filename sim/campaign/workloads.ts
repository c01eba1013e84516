// All that processes can do in a run. A run draws some of it, so that runs are short, and one thing does not always hide
// another.
import type { Chance } from './chance.ts';
import { DnsWorkload } from './dns-workload.ts';
import { MemoryWorkload } from './memory-workload.ts';
import { RpcWorkload } from './rpc-workload.ts';
import { ServiceWorkload } from './service-workload.ts';
import { StreamWorkload } from './stream-workload.ts';
import type { WorkloadFactory } from './workload.ts';

interface Choice {
  readonly make: WorkloadFactory;
  /** Of runs that have it. */
  readonly share: number;
}

export type WorkloadName = 'rpc' | 'memory' | 'dns' | 'streams' | 'services';

const choices: Readonly<Record<WorkloadName, Choice>> = {
  rpc: { make: (stage) => new RpcWorkload(stage), share: 0.7 },
  memory: { make: () => new MemoryWorkload(), share: 0.4 },
  dns: { make: (stage) => new DnsWorkload(stage), share: 0.4 },
  streams: { make: () => new StreamWorkload(), share: 0.4 },
  services: { make: () => new ServiceWorkload(), share: 0.3 },
};

export const workloadNames: readonly WorkloadName[] = Object.keys(choices) as WorkloadName[];

/** At least one. What is looked for in FabricDns is what rpc serves. */
export function drawWorkloads(chance: Chance): WorkloadName[] {
  const drawn = new Set(workloadNames.filter((name) => chance.fork().happens(choices[name].share)));
  if (drawn.has('dns')) drawn.add('rpc');
  if (drawn.size === 0) drawn.add(chance.pick(workloadNames));
  return workloadNames.filter((name) => drawn.has(name));
}

export function makersOf(names: readonly (WorkloadName | WorkloadFactory)[]): WorkloadFactory[] {
  return names.map((name) => (typeof name === 'string' ? choices[name].make : name));
}

/** Throws RangeError for a name that none has. */
export function workloadNamed(name: string): WorkloadName {
  const found = workloadNames.find((each) => each === name);
  if (found !== undefined) return found;
  throw new RangeError(`no workload is named ${JSON.stringify(name)}; these are: ${workloadNames.join(', ')}`);
}
