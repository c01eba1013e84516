// Typed calls side by side in the slots layout, where what is longer than a slot goes in parts.
import { describe, expect, test } from 'vitest';
import { RpcClient } from '../rpc/client.ts';
import { RpcServer } from '../rpc/server.ts';
import { granted, outcome, serving } from '../world.test.support.ts';
import { connect } from './connect.ts';
import { implement, type ServiceContext } from './implement.ts';
import { desk, deskImplementation } from './typed-world.test.support.ts';

/** Slots of 44 bytes, of which the client has eight. */
async function slotsScene(implementation = deskImplementation) {
  const { world, lease } = granted({ minBytes: 2 ** 20 });
  const server = new RpcServer(lease, { wait: 'event', slots: 16, slotPayloadBytes: 1 });
  const held = await world.clock.run(world.process().agent.attach(lease.id, { slots: 8 }));
  serving(server, implement(desk, implementation));
  const typed = await world.clock.run(connect(desk, new RpcClient(held, { wait: 'event' })));
  return { world, typed };
}

describe('on slots', () => {
  test('inputs and outputs of every length stay apart', async () => {
    const { world, typed } = await slotsScene();
    const sizes = Array.from({ length: 150 }, (_, index) => index * 7);
    const bytes = sizes.map((size) => typed.bytes(new Uint8Array(size).fill(size)));
    const texts = sizes.map((size) => typed.later({ value: 'x'.repeat(size) }));
    for (const [index, size] of sizes.entries()) {
      expect(await world.clock.run(bytes[index] as Promise<Uint8Array>)).toEqual(new Uint8Array(size).fill(size));
      expect(await world.clock.run(texts[index] as Promise<string>)).toBe('x'.repeat(size));
    }
  });

  test('an implementation hears of the deadline, and of the end of whoever called', async () => {
    let context: ServiceContext | undefined;
    const later = (_input: unknown, given: ServiceContext) => {
      context = given;
      return new Promise<string>(() => undefined);
    };
    const { world, typed } = await slotsScene({ ...deskImplementation, later });
    const stop = new AbortController();
    const call = outcome(typed.later({ value: '' }, { signal: stop.signal, deadlineMs: 2000 }));
    await world.clock.advance(10);
    expect(context?.deadlineMs).toBe(2000);
    expect(context?.signal.aborted).toBe(false);
    stop.abort();
    await world.clock.advance(10);
    expect(context?.signal.aborted).toBe(true);
    expect(await call).toMatchObject({ reason: { code: 'Cancelled', mayHaveExecuted: true } });
  });
});
