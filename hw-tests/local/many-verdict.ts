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

/** How many calls had each fate, and, where that says nothing of it, how many of them had been executed. */
export interface Verdict {
  readonly calls: number;
  readonly executed: number;
  readonly fates: Readonly<Record<string, number>>;
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
  const hearing = new Hearing();
  for (const witness of witnesses) {
    hearing.hear(witness, byTag.get(witness.tag) ?? new Executions());
    byTag.delete(witness.tag);
  }
  const { calls, fates, faults } = hearing;
  for (const tag of byTag.keys()) faults.push(`calls of client ${tag}, which there was none of, were executed`);
  return { calls, executed, fates, faults: faults.slice(0, faultsShown) };
}

class Hearing {
  readonly fates: Record<string, number> = {};
  readonly faults: string[] = [];
  calls = 0;

  hear({ tag, history, unsettledMax }: Witness, executions: Executions): void {
    const find = (number: number, what: string) => this.faults.push(`call ${number} of client ${tag} ${what}`);
    const underWay = new Set<number>();
    let begun = 0;
    for (const record of records(history)) {
      const number = record.getUint32(0, true);
      const fate = callFates[record.getUint8(4)] as CallFate;
      const times = executions.of(number);
      if (fate === 'begun') {
        begun += 1;
        underWay.add(number);
        if (number !== begun) find(number, `was begun as its ${begun}th`);
        if (times > 1) find(number, `was executed ${times} times`);
        continue;
      }
      if (!underWay.delete(number)) find(number, `was ${fate} without having been under way`);
      const due = executionsOf(fate, record.getUint8(5) === 1);
      if (due !== undefined && due !== times) find(number, `(${fate}) was executed ${times} times, not ${due}`);
      if (fate === 'wrong answer' || fate === 'strange error') find(number, `had a ${fate}`);
      this.#count(fate, times, due);
    }
    this.calls += begun;
    if (executions.last > begun) find(executions.last, `was executed, and never begun: ${begun} were`);
    if (underWay.size > unsettledMax)
      find(Math.min(...underWay), `and others, ${underWay.size} in all, have no outcome`);
    for (const number of underWay) this.#count('killed', executions.of(number), undefined);
  }

  #count(fate: CallFate | 'killed', times: number, due: number | undefined): void {
    const how = due === 0 ? ', certainly not executed' : times === 0 ? ', not executed' : ', executed';
    const key = due === 1 ? fate : fate + how;
    this.fates[key] = (this.fates[key] ?? 0) + 1;
  }
}
