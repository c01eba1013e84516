// What a campaign has reached: how often each kind of fault met each branch, and which never came up.
import { type FaultKind, faultKinds, letterOf } from './fault.ts';
import type { RunReport } from './run.ts';
import { TraceHash } from './trace-hash.ts';

/** Branches that are rare enough to be missed by tests, and that a campaign of some thousand seeds should reach. */
export const rareBranches = [
  'a card message broke off',
  'an idempotent call ran twice',
  'attached across machines',
  'attached on one machine',
  'attached through a pool',
  'call: Disconnected',
  'call: Disconnected, perhaps executed',
  'call: DeadlineExceeded',
  'call: DeadlineExceeded, perhaps executed',
  'call: LeaseExpired',
  'call: LeaseExpired, perhaps executed',
  'call: Revoked',
  'call: Revoked, perhaps executed',
  'call: Cancelled',
  'call: Cancelled, perhaps executed',
  'call: its handler failed',
  'callSync',
  'acquire: CapacityExceeded',
  'connect: Contention',
  'connect: DeadlineExceeded',
  'connect: Disconnected',
  'connect: LeaseExpired',
  'connect: Revoked',
  'handler: aborted',
  'many slots',
  'renew: DeadlineExceeded',
  'renew: Disconnected',
  'renew: LeaseExpired',
  'renew: Revoked',
  'queue: Cancelled',
  'queue: DeadlineExceeded',
  'queue: Disconnected',
  'queue: LeaseExpired',
  'queue: PayloadTooLarge',
  'queue: Revoked',
  'queue: full',
  'queue: its end was seen',
  'queue: items came again to a successor',
  'queue: items were lost with their holder',
  'queue: somebody else had the end',
  'queue attach: Contention',
  'a server stops serving',
  'handler of a stream told to stop: Cancelled, perhaps executed',
  'handler of a stream told to stop: DeadlineExceeded, perhaps executed',
  'handler of a stream told to stop: Disconnected, perhaps executed',
  'handler of a stream told to stop: LeaseExpired, perhaps executed',
  'handler of a stream told to stop: Revoked, perhaps executed',
  'service: again',
  'service: chat',
  'service: exchange',
  'service: gather',
  'service: handler',
  'service: invalid-input',
  'service: invalid-output',
  'service: list',
  'stream: Cancelled',
  'stream: Cancelled, perhaps executed',
  'stream: DeadlineExceeded',
  'stream: DeadlineExceeded, perhaps executed',
  'stream: Disconnected, perhaps executed',
  'stream: LeaseExpired',
  'stream: LeaseExpired, perhaps executed',
  'stream: Revoked',
  'stream: Revoked, perhaps executed',
  'stream: its handler failed',
  'stream: left by its client',
  'stream: regular end',
  'interrupted',
  'resumed',
  'holder’s lease: disconnected',
  'holder’s lease: expired',
  'holder’s lease: released',
  'holder’s lease: revoked',
  'home’s lease: expired',
  'home’s lease: released',
  'home’s lease: revoked',
] as const;

export class Tally {
  runs = 0;
  events = 0;
  nodeHours = 0;
  /** Of the traces of all runs, in their order. */
  readonly trace: TraceHash = new TraceHash();
  readonly #runsWith = new Map<FaultKind, number>();
  /** Runs that reached a branch, by branch and kind of fault. */
  readonly #met = new Map<string, Map<FaultKind, number>>();
  readonly #reached = new Map<string, number>();

  add({ hash, events, nodeHours, marks, kinds }: RunReport): void {
    this.trace.add(hash);
    this.runs += 1;
    this.events += events;
    this.nodeHours += nodeHours;
    for (const kind of kinds) increase(this.#runsWith, kind);
    for (const branch of marks.keys()) {
      increase(this.#reached, branch);
      const met = this.#met.get(branch) ?? new Map<FaultKind, number>();
      this.#met.set(branch, met);
      for (const kind of kinds) increase(met, kind);
    }
  }

  /** Rare branches that no run reached. */
  get missed(): string[] {
    return rareBranches.filter((branch) => !this.#reached.has(branch));
  }

  /** Kinds of faults that no run had. */
  get missedKinds(): FaultKind[] {
    return (Object.keys(faultKinds) as FaultKind[]).filter((kind) => !this.#runsWith.has(kind));
  }

  /** One row for each branch: the runs that reached it, and in how many of them each kind of fault was. */
  table(): string {
    const kinds = Object.keys(faultKinds) as FaultKind[];
    const legend = kinds.map((kind, index) => `${letterOf(index)} ${kind} (${this.#runsWith.get(kind) ?? 0})`);
    const header = ['runs'.padStart(6), ...kinds.map((_, index) => letterOf(index).padStart(5))].join('');
    const branches = [...new Set([...this.#reached.keys(), ...rareBranches])].sort();
    const rows = branches.map((branch) => {
      const cells = kinds.map((kind) => String(this.#met.get(branch)?.get(kind) ?? 0).padStart(5));
      return `${String(this.#reached.get(branch) ?? 0).padStart(6)}${cells.join('')}  ${branch}`;
    });
    return [`kinds of faults (runs with them): ${legend.join(', ')}`, header, ...rows].join('\n');
  }
}

function increase<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
