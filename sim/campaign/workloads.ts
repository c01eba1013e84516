// All that processes can do in a run. A run draws some of it, so that runs are short, and one thing does not always hide
// another.
import type { Chance } from './chance.ts';
import { DnsWorkload } from './dns-workload.ts';
import { HostileWorkload } from './hostile-workload.ts';
import { MemoryWorkload } from './memory-workload.ts';
import { QueueWorkload } from './queue-workload.ts';
import { RpcWorkload } from './rpc-workload.ts';
import { ServiceWorkload } from './service-workload.ts';
import { StreamWorkload } from './stream-workload.ts';
import type { WorkloadFactory } from './workload.ts';

interface Choice {
  readonly make: WorkloadFactory;
  /** How often it is drawn, beside the others. */
  readonly weight: number;
}

export type WorkloadName = 'rpc' | 'memory' | 'dns' | 'queue' | 'streams' | 'services' | 'hostile';

const choices: Readonly<Record<WorkloadName, Choice>> = {
  rpc: { make: (stage) => new RpcWorkload(stage), weight: 3 },
  memory: { make: () => new MemoryWorkload(), weight: 2 },
  dns: { make: (stage) => new DnsWorkload(stage), weight: 2 },
  queue: { make: (stage) => new QueueWorkload(stage), weight: 3 },
  streams: { make: () => new StreamWorkload(), weight: 2 },
  services: { make: () => new ServiceWorkload(), weight: 1 },
  hostile: { make: (stage) => new HostileWorkload(stage), weight: 1 },
};

export const workloadNames: readonly WorkloadName[] = Object.keys(choices) as WorkloadName[];

const tickets = workloadNames.flatMap((name) => Array<WorkloadName>(choices[name].weight).fill(name));
const anotherShare = 0.3;

/** One, sometimes several. What is looked for in FabricDns is what rpc serves. */
export function drawWorkloads(chance: Chance): WorkloadName[] {
  const drawn = new Set([chance.pick(tickets)]);
  while (chance.happens(anotherShare)) drawn.add(chance.pick(tickets));
  if (drawn.has('dns')) drawn.add('rpc');
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
