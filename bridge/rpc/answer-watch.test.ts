import { describe, expect, test } from 'vitest';
import type { ClientPort } from '../plane/plane.ts';
import { heldScene } from '../world.test.support.ts';
import { AnswerWatch, type AwaitedCalls } from './answer-watch.ts';
import { SpinBudget } from './spin-budget.ts';

/** A port at which something is answered at every look, as by a server that is never behind. */
const prolific: ClientPort = {
  spinMsMax: 0.05,
  looksPerClock: 1,
  look: () => true,
  next: () => 1,
  publish: () => false,
  publishIndex: () => undefined,
  observe: () => undefined,
  catchUp: () => undefined,
  tell: () => undefined,
  restart: () => undefined,
  block: () => undefined,
  pumpControl: () => undefined,
  arm: () => undefined,
  disarm: () => undefined,
  onRing: () => undefined,
  keepAlive: () => undefined,
};

describe('a client that is answered without end', () => {
  test('lets the event loop have its turn all the same', async () => {
    const { world, held } = await heldScene({ readMs: 0.001 });
    let answered = 0;
    const calls: AwaitedCalls = {
      active: true,
      quiet: false,
      wanted: true,
      completeAnswered: () => {
        answered += 1;
        if (answered > 1_000_000) throw new Error('nobody else had a turn');
        return true;
      },
    };
    const { clock } = held.context.environment;
    const budget = new SpinBudget('adaptive', prolific);
    const watch = new AnswerWatch({ port: prolific, clock, budget, serverIsHere: false, calls });
    let turns = 0;
    world.clock.after(1, () => {
      turns += 1;
    });
    watch.begin(false);
    await world.clock.advance(2);
    expect(turns).toBe(1);
    expect(answered).toBeGreaterThan(100);
  });
});
