import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { CapacityExceeded, type Carrier, Disconnected } from '#bridge';
import { type AttachmentLedger, MemoryAttachment } from './memory-attachment.ts';
import { MemoryNetwork, type MemoryTransport } from './memory-network.ts';
import { MemoryTcp } from './memory-tcp.ts';
import { ProcessClock } from './process-clock.ts';
import { VirtualClock } from './virtual-clock.ts';

let clock: VirtualClock;
let network: MemoryNetwork;
let ledger: AttachmentLedger;
let here: MemoryTransport;
let there: MemoryTransport;

beforeEach(() => {
  clock = new VirtualClock({ readMs: 0 });
  network = new MemoryNetwork();
  ledger = { open: 0 };
  here = network.transport(clock);
  there = network.transport(clock);
});

/** Opens a carrier, and notes what it tells. */
function noting(carrier: Carrier): { heard: string[]; attachments: MemoryAttachment[] } {
  const heard: string[] = [];
  const attachments: MemoryAttachment[] = [];
  carrier.open({
    onMessage: (bytes, received) => {
      heard.push(Buffer.from(bytes).toString());
      attachments.push(...(received as MemoryAttachment[]));
    },
    onClose: (error) => heard.push(`end ${error?.message ?? ''}`),
  });
  return { heard, attachments };
}

async function connected(): Promise<{ near: Carrier; far: Carrier }> {
  const accepted: Carrier[] = [];
  there.listen('there', (carrier) => accepted.push(carrier));
  const near = here.connect('there');
  await clock.advance(100);
  return { near, far: accepted[0] as Carrier };
}

const text = (value: string) => Buffer.from(value);

describe('delivery', () => {
  test('keeps messages whole and in order, whatever delays are drawn', async () => {
    const messages = fc.array(fc.record({ word: fc.string(), delayMs: fc.integer({ min: 0, max: 50 }) }));
    await fc.assert(
      fc.asyncProperty(messages, async (sent) => {
        network = new MemoryNetwork();
        here = network.transport(clock);
        there = network.transport(clock);
        const { near, far } = await connected();
        const { heard } = noting(far);
        for (const { word, delayMs } of sent) {
          network.delayMs = () => delayMs;
          near.send(text(word), []);
        }
        near.close();
        await clock.advance(100);
        expect(heard).toEqual([...sent.map(({ word }) => text(word).toString()), 'end ']);
      }),
    );
  });

  test('takes as long as was drawn', async () => {
    const { near, far } = await connected();
    const { heard } = noting(far);
    network.delayMs = () => 10;
    near.send(text('a'), []);
    await clock.advance(9);
    expect(heard).toEqual([]);
    await clock.advance(1);
    expect(heard).toEqual(['a']);
  });

  test('the message is the sender’s again once it is sent', async () => {
    const { near, far } = await connected();
    const { heard } = noting(far);
    const bytes = text('before');
    near.send(bytes, []);
    bytes.fill(0);
    await clock.settle();
    expect(heard).toEqual(['before']);
  });

  test('waits until the carrier is opened', async () => {
    const { near, far } = await connected();
    near.send(text('a'), []);
    await clock.advance(10);
    const { heard } = noting(far);
    await clock.settle();
    expect(heard).toEqual(['a']);
  });

  test('pump tells at once what has arrived, and nothing that has not', async () => {
    const { near, far } = await connected();
    const { heard } = noting(far);
    await clock.settle();
    near.send(text('a'), []);
    network.delayMs = () => 1;
    near.send(text('b'), []);
    far.pump();
    expect(heard).toEqual(['a']);
    await clock.advance(1);
    expect(heard).toEqual(['a', 'b']);
  });

  test('reaches a frozen process only when it goes on', async () => {
    const frozen = new ProcessClock(clock);
    there = network.transport(frozen);
    const { near, far } = await connected();
    const { heard } = noting(far);
    frozen.freeze();
    near.send(text('a'), []);
    await clock.advance(100);
    expect(heard).toEqual([]);
    frozen.thaw();
    await clock.settle();
    expect(heard).toEqual(['a']);
  });
});

describe('attachments', () => {
  test('are copied: the sender’s stays its own, the receiver has one to close', async () => {
    const { near, far } = await connected();
    const { attachments } = noting(far);
    const mine = new MemoryAttachment('memory', ledger);
    near.send(text('a'), [mine]);
    mine.close();
    await clock.settle();
    expect(attachments.map(({ resource, closed }) => [resource, closed])).toEqual([['memory', false]]);
    expect(ledger.open).toBe(1);
    attachments[0]?.close();
    attachments[0]?.close();
    expect(ledger.open).toBe(0);
  });

  test('of messages that nobody receives are closed', async () => {
    const { near, far } = await connected();
    const mine = new MemoryAttachment('memory', ledger);
    near.send(text('a'), [mine]);
    far.close();
    near.send(text('b'), [mine]);
    await clock.settle();
    expect(ledger.open).toBe(1);
  });
});

describe('the end', () => {
  test('is told to the peer, after what was sent before it, and only there', async () => {
    const { near, far } = await connected();
    const one = noting(near);
    const two = noting(far);
    near.send(text('last'), []);
    near.close();
    near.close();
    near.send(text('never'), []);
    await clock.settle();
    expect([one.heard, two.heard]).toEqual([[], ['last', 'end ']]);
    far.send(text('never'), []);
    await clock.settle();
    expect(one.heard).toEqual([]);
  });

  test('by failure is told to both, and loses what was under way', async () => {
    const { near, far } = await connected();
    const one = noting(near);
    const two = noting(far);
    near.send(text('lost'), [new MemoryAttachment('memory', ledger)]);
    (near as ReturnType<MemoryTransport['connect']>).fail(new Error('cut'));
    await clock.settle();
    expect([one.heard, two.heard]).toEqual([['end cut'], ['end cut']]);
    expect(ledger.open).toBe(1);
  });

  test('at one end is told there alone, and what the other sends from there on is lost', async () => {
    const { near, far } = await connected();
    const one = noting(near);
    const two = noting(far);
    (near as ReturnType<MemoryTransport['connect']>).lose(new Error('cut'));
    await clock.settle();
    far.send(text('lost'), [new MemoryAttachment('memory', ledger)]);
    await clock.settle();
    expect([one.heard, two.heard]).toEqual([['end cut'], []]);
    expect(ledger.open).toBe(1);
  });

  test('of all that a process has is noticed by its peers when they have heard nothing for long', async () => {
    const { near, far } = await connected();
    const one = noting(near);
    const two = noting(far);
    here.loseAll();
    await clock.advance(19_999);
    expect([one.heard, two.heard]).toEqual([['end the network is gone'], []]);
    await clock.advance(1);
    expect(two.heard).toEqual(['end the peer is silent']);
  });

  test('of a process ends all its carriers and lets nobody reach it', async () => {
    const { near } = await connected();
    const { heard } = noting(near);
    there.abandon();
    await clock.settle();
    expect(heard).toEqual(['end ']);
    expect(() => here.connect('there')).toThrow(Disconnected);
  });
});

describe('a listener', () => {
  test('is to be had at its address until it closes', async () => {
    expect(() => here.connect('there')).toThrow(Disconnected);
    const listener = there.listen('there', () => undefined);
    expect(listener.address).toBe('there');
    listener.close();
    expect(() => here.connect('there')).toThrow(Disconnected);
  });

  test('that closes before it has accepted ends the carrier', async () => {
    network.delayMs = () => 10;
    const listener = there.listen('there', () => expect.unreachable());
    const { heard } = noting(here.connect('there'));
    listener.close();
    await clock.advance(100);
    expect(heard).toEqual(['end ']);
  });

  test('refuses while its backlog is full', async () => {
    network.backlogMax = 1;
    there.listen('there', () => undefined);
    here.connect('there');
    expect(() => here.connect('there')).toThrow(CapacityExceeded);
    await clock.settle();
    here.connect('there');
  });
});

describe('between machines', () => {
  const address = { host: 'node-1', port: 7 };
  const connecting = () => new MemoryTcp(network, here).connect(address);

  test('a machine where nobody listens says so, once and for all', async () => {
    await expect(clock.run(connecting())).rejects.toMatchObject({ code: 'Disconnected', final: true });
  });

  test('one to which no way leads may be reached another time', async () => {
    await clock.run(new MemoryTcp(network, there).listen(address, () => undefined));
    network.reaches = () => false;
    await expect(clock.run(connecting())).rejects.toMatchObject({ code: 'Disconnected', final: false });
    network.reaches = () => true;
    expect(await clock.run(connecting())).toMatchObject({ carriesAttachments: false });
  });
});
