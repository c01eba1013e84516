// Homes that serve streams, and calls beside them in the same slots, and holders that open and call them.
import type { Actor } from './actor.ts';
import { CallLedger } from './call-ledger.ts';
import type { Granted } from './granted.ts';
import type { Caller, ClientRecord } from './rpc-clients.ts';
import { checkRecords, keepUsingSlots } from './slot-clients.ts';
import { keepServingSlots } from './slot-servers.ts';
import { useStreams, useStreamsCalmly } from './stream-clients.ts';
import { streamHandler } from './stream-handlers.ts';
import { StreamLedger } from './stream-ledger.ts';
import type { Workload } from './workload.ts';

const service = 'streams';
/** No call, and no stream, goes on for longer. */
const settledMsMax = 12_000;
/** A client that nobody hears of is given up within 20 s. */
const abortedMsMax = 25_000;

export class StreamWorkload implements Workload {
  readonly #streams = new StreamLedger();
  readonly #calls = new CallLedger();
  readonly #clients: ClientRecord[] = [];

  start(actor: Actor): void {
    const [streams, calls] = [this.#streams, this.#calls];
    if (actor.node.role === 'home') {
      const handlerOf = (at: Actor, granted: Granted) => streamHandler(at, granted, streams, calls);
      return actor.spawn(() => keepServingSlots(actor, { service, handlerOf }));
    }
    const record: ClientRecord = { actor, answered: 0, failed: undefined };
    this.#clients.push(record);
    const use = (caller: Caller) => useStreams(caller, streams);
    const useCalmly = (caller: Caller) => useStreamsCalmly(caller, streams);
    actor.spawn(() => keepUsingSlots(record, { service, ledger: calls, use, useCalmly }));
  }

  /** Whatever was begun is over, at both ends, and so many streams as there are slots go at a time. */
  async checkCalm(): Promise<void> {
    for (const { id, caller } of this.#calls.overdue(settledMsMax)) caller.fail(`call ${id} never settles`);
    for (const { id, caller } of this.#streams.overdue(settledMsMax)) caller.fail(`stream ${id} never settles`);
    for (const { actor } of this.#streams.orphans(abortedMsMax))
      actor.fail('the handler of a stream that is over goes on');
    checkRecords(this.#clients, 'stream');
  }
}
