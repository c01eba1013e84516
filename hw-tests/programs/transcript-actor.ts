// node transcript-actor.js: one process of a transcript. Says `ready`, then takes an order a line, `{id, order, request}`,
// and says `done` with what came of it; `saw` tells each thing that it sees, when it sees it.
import '#sdk';
import { setTimeout } from 'node:timers';
import { Desk } from '../../sim/transcripts/desk.ts';
import { type OrderName, obey, type RequestOf } from '../../sim/transcripts/script.ts';
import { errorFacts, hear, say } from './voice.ts';

const desk = new Desk({
  after: (ms, callback) => void setTimeout(callback, ms),
  looksPerTurn: 16,
  turn: () => new Promise(setImmediate),
  see: (line) => say('saw', { line }),
});

interface OrderLine {
  readonly id: number;
  readonly order: OrderName;
  readonly request: RequestOf<OrderName>;
}

async function perform(line: string): Promise<void> {
  const { id, order, request } = JSON.parse(line) as OrderLine;
  try {
    say('done', { id, value: await obey(desk, order, request) });
  } catch (error) {
    say('done', { id, error: errorFacts(error) });
  }
}

say('ready');
for (;;) void perform(await hear());
