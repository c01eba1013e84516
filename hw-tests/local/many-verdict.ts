// Reads what many clients and their server have written down, all of it, and holds the one against the other.
import { existsSync, readFileSync } from 'node:fs';
import { type CallFate, callFates, recordBytes } from '../programs/many-history.ts';

/** One client's process, as far as its history goes. */
export interface Witness {
  readonly tag: number;
  readonly history: string;
  /** Calls that it may have had under way when it was killed; 0 if it was let finish. */
  readonly unsettledMax: number;
}

const faultsShown = 20;

/** How many calls had each fate, and of those that failed how many had been executed all the same. */
export interface Verdict {
  readonly calls: number;
  readonly executed: number;
  readonly fates: Readonly<Record<string, number>>;
  readonly unsettled: number;
  /** The first of them. */
  readonly faults: readonly string[];
}

/** None of a client that was killed before it wrote any. */
function* records(path: string): Iterable<DataView> {
  const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
  if (bytes.length % recordBytes !== 0)
    throw new Error(`${path} has ${bytes.length} bytes, no whole number of records`);
  for (let at = 0; at < bytes.length; at += recordBytes) {
    yield new DataView(bytes.buffer, bytes.byteOffset + at, recordBytes);
  }
}

/** How often each numbered call of one client was executed. */
class Executions {
  #counts = new Uint8Array(1024);
  last = 0;

  note(number: number): void {
    this.last = Math.max(this.last, number);
    if (number >= this.#counts.length) {
      const counts = new Uint8Array(2 * number);
      counts.set(this.#counts);
      this.#counts = counts;
    }
    this.#counts[number] = this.of(number) + 1;
  }

  of(number: number): number {
    return this.#counts[number] ?? 0;
  }
}

function readExecutions(path: string): { byTag: Map<number, Executions>; executed: number } {
  const byTag = new Map<number, Executions>();
  let executed = 0;
  for (const record of records(path)) {
    executed += 1;
    const tag = record.getUint32(0, true);
    const executions = byTag.get(tag) ?? new Executions();
    byTag.set(tag, executions);
    executions.note(record.getUint32(4, true));
  }
  return { byTag, executed };
}

/** What a call's fate says of how often it was executed; undefined where it says nothing. */
function executionsOf(fate: CallFate, mayHaveExecuted: boolean): number | undefined {
  if (fate === 'answered' || fate === 'refused') return 1;
  return mayHaveExecuted ? undefined : 0;
}

export function judge(serverHistory: string, witnesses: readonly Witness[]): Verdict {
  const { byTag, executed } = readExecutions(serverHistory);
  const faults: string[] = [];
  const fates: Record<string, number> = {};
  let calls = 0;
  let unsettled = 0;
  for (const witness of witnesses) {
    const heard = hearWitness(witness, byTag.get(witness.tag) ?? new Executions(), faults, fates);
    calls += heard.calls;
    unsettled += heard.unsettled;
    byTag.delete(witness.tag);
  }
  for (const tag of byTag.keys()) faults.push(`calls of client ${tag}, which there was none of, were executed`);
  return { calls, executed, fates, unsettled, faults: faults.slice(0, faultsShown) };
}

function hearWitness(
  { tag, history, unsettledMax }: Witness,
  executions: Executions,
  faults: string[],
  fates: Record<string, number>,
): { calls: number; unsettled: number } {
  const find = (number: number, what: string) => faults.push(`call ${number} of client ${tag} ${what}`);
  const underWay = new Set<number>();
  let calls = 0;
  for (const record of records(history)) {
    const number = record.getUint32(0, true);
    const fate = callFates[record.getUint8(4)] as CallFate;
    const times = executions.of(number);
    if (fate === 'begun') {
      calls += 1;
      underWay.add(number);
      if (number !== calls) find(number, `was begun as its ${calls}th`);
      if (times > 1) find(number, `was executed ${times} times`);
      continue;
    }
    if (!underWay.delete(number)) find(number, `was ${fate} without having been under way`);
    const mayHaveExecuted = record.getUint8(5) === 1;
    const due = executionsOf(fate, mayHaveExecuted);
    if (due !== undefined && due !== times) find(number, `(${fate}) was executed ${times} times, not ${due}`);
    if (fate === 'wrong answer' || fate === 'strange error') find(number, `had a ${fate}`);
    const told = due === undefined ? `${fate}, ${times === 0 ? 'not ' : ''}executed` : fate;
    const key = due === 0 ? `${fate}, certainly not executed` : told;
    fates[key] = (fates[key] ?? 0) + 1;
  }
  if (executions.last > calls) find(executions.last, `was executed, and never begun: ${calls} were`);
  if (underWay.size > unsettledMax) find(Math.min(...underWay), `and others, ${underWay.size} in all, have no outcome`);
  return { calls, unsettled: underWay.size };
}
