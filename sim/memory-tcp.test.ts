// TCP of the simulation: the same scripts over sockets of node:net and over ours, and what only ours can be told to do.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Carrier } from '#bridge';
import { MemoryNetwork } from './memory-network.ts';
import { MemoryServer } from './memory-server.ts';
import type { MemorySocket } from './memory-socket.ts';
import { MemoryTcp } from './memory-tcp.ts';
import { VirtualClock } from './virtual-clock.ts';

const address = { host: 'node-1', port: 7 };

type Either = Pick<
  Socket,
  'write' | 'writableNeedDrain' | 'on' | 'end' | 'destroy' | 'resume' | 'destroyed' | 'closed'
>;

/** Two ends that are connected, and the time that it takes for whatever was done to have happened. */
interface Pair {
  readonly near: Either;
  readonly far: Either;
  settle(): Promise<void>;
  until(done: () => boolean): Promise<void>;
}

async function realPair(): Promise<Pair> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect((server.address() as { port: number }).port, '127.0.0.1');
  const [[far]] = await Promise.all([once(server, 'connection'), once(near, 'connect')]);
  server.close();
  const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 5));
  const until = async (done: () => boolean) => {
    while (!done()) await turn();
  };
  return { near, far, settle: async () => until(() => near.closed && far.closed), until };
}

async function ourPair(): Promise<Pair> {
  const { clock, network, here, there } = machines();
  let far: MemorySocket | undefined;
  new MemoryServer(network, there.transport, (socket) => {
    far = socket;
  }).listen(address, () => undefined);
  const near = here.tcp.dial(address.host, address.port);
  await clock.advance(1);
  const until = async (done: () => boolean) => {
    for (let tries = 0; tries < 1000 && !done(); tries++) await clock.advance(1);
  };
  return { near: near as unknown as Either, far: far as unknown as Either, settle: () => clock.advance(100), until };
}

function machines() {
  const clock = new VirtualClock({ readMs: 0 });
  const network = new MemoryNetwork();
  const machine = () => {
    const transport = network.transport(clock);
    return { transport, tcp: new MemoryTcp(network, transport) };
  };
  return { clock, network, here: machine(), there: machine() };
}

/** What a socket tells, with all bytes that came one after the other as one. */
function noting(socket: Either, reads = true): string[] {
  const told: string[] = [];
  let text: string | undefined;
  const tell = (word: string) => {
    if (text !== undefined) told.push(text);
    text = undefined;
    told.push(word);
  };
  if (reads)
    socket.on('data', (piece: Buffer) => {
      text = (text ?? '') + Buffer.from(piece).toString();
    });
  socket.on('end', () => tell('end'));
  socket.on('error', (error: NodeJS.ErrnoException) =>
    tell(['EPIPE', 'ECONNRESET'].includes(error.code ?? '') ? 'reset' : 'other'),
  );
  socket.on('close', () => tell('close'));
  return told;
}

describe.each([
  ['node:net', realPair],
  ['the simulation', ourPair],
])('a connection of %s', (_name, open) => {
  test('that one side ends is ended by the other, once it has read all', async () => {
    const { near, far, settle } = await open();
    const [told, toldFar] = [noting(near), noting(far)];
    for (const word of ['all ', 'that ', 'was ', 'said']) near.write(Buffer.from(word));
    near.end();
    await settle();
    expect([told, toldFar]).toEqual([
      ['end', 'close'],
      ['all that was said', 'end', 'close'],
    ]);
  });

  test('that one side destroys with nothing unread ends at the other', async () => {
    const { near, far, settle } = await open();
    const [told, toldFar] = [noting(near), noting(far)];
    near.destroy();
    await settle();
    expect([told, toldFar]).toEqual([['close'], ['end', 'close']]);
  });

  test('in which one side writes to whoever is gone is reset', async () => {
    const { near, far, settle, until } = await open();
    const [told] = [noting(near), noting(far)];
    far.destroy();
    await until(() => far.closed);
    near.write(Buffer.from('one'));
    await settle();
    expect(told.at(-1)).toBe('close');
    expect(near.destroyed).toBe(true);
  });

  test('whose reader rests makes the writer wait, and go on when it reads', async () => {
    const { near, far, until } = await open();
    const [told] = [noting(far, false), noting(near)];
    let drained = 0;
    near.on('drain', () => {
      drained += 1;
    });
    const chunk = Buffer.alloc(65_536);
    while (near.write(chunk) || !near.writableNeedDrain);
    // The kernel's buffers may yet take some.
    while (near.write(chunk) !== false);
    for (let i = 0; i < 200; i++) near.write(chunk);
    expect([drained, near.writableNeedDrain]).toEqual([0, true]);
    far.resume();
    await until(() => drained > 0);
    expect(near.writableNeedDrain).toBe(false);
    near.destroy();
    await until(() => near.closed && far.closed);
    expect(told.at(-1)).toBe('close');
  });
});

/** Carriers over ours. */
async function carriers(network = new MemoryNetwork(), clock = new VirtualClock({ readMs: 0 })) {
  const accepted: Carrier[] = [];
  const here = network.transport(clock);
  const there = network.transport(clock);
  await clock.run(new MemoryTcp(network, there).listen(address, (carrier) => accepted.push(carrier)));
  const near = await clock.run(new MemoryTcp(network, here).connect(address));
  await clock.advance(100);
  return { clock, network, here, there, near, far: accepted[0] as Carrier };
}

function hearing(carrier: Carrier): string[] {
  const heard: string[] = [];
  carrier.open({
    onMessage: (bytes) => heard.push(Buffer.from(bytes).toString()),
    onClose: (error) => heard.push(`end ${error?.message ?? ''}`),
  });
  return heard;
}

describe('control messages between machines', () => {
  test('come whole and in order, however the stream is cut, joined and held up', async () => {
    const words = fc.array(
      fc.string({ minLength: 1, maxLength: 300 }).filter((word) => Buffer.from(word).toString() === word),
      { maxLength: 20 },
    );
    const draws = fc.infiniteStream(
      fc.record({ share: fc.double({ min: 0, max: 1, noNaN: true }), delayMs: fc.nat(3) }),
    );
    await fc.assert(
      fc.asyncProperty(words, draws, fc.integer({ min: 32, max: 400 }), async (sent, stream, windowBytes) => {
        const network = new MemoryNetwork();
        network.windowBytes = windowBytes;
        const { clock, near, far } = await carriers(network);
        const heard = hearing(far);
        network.delayMs = () => stream.next().value.delayMs;
        network.pieceBytes = (bytes) => Math.max(1, Math.ceil(bytes * stream.next().value.share));
        for (const word of sent) near.send(Buffer.from(word), []);
        near.close();
        await clock.advance(1_000_000);
        expect(heard).toEqual([...sent, 'end ']);
      }),
      { numRuns: 60 },
    );
  });

  test('that were on their way are lost with the connection, what came before it is not', async () => {
    const { clock, network, here, near, far } = await carriers();
    const [heard, heardNear] = [hearing(far), hearing(near)];
    near.send(Buffer.from('done'), []);
    await clock.settle();
    network.delayMs = () => 10;
    far.send(Buffer.from('the answer'), []);
    near.send(Buffer.from('lost'), []);
    await clock.advance(5);
    here.breakAll('tcp');
    await clock.advance(100);
    expect([heard, heardNear]).toEqual([['done', 'end the network broke'], ['end the network broke']]);
  });

  test('that nobody reads end the connection of whoever sends them, when there are too many', async () => {
    const { clock, near, far, here, there } = await carriers();
    const heard = hearing(near);
    for (let i = 0; i < 3000; i++) near.send(Buffer.alloc(200), []);
    expect(heard).toEqual([expect.stringContaining('control messages unread')]);
    far.close();
    await clock.advance(10_000);
    expect([here.open, there.open]).toEqual([0, 0]);
  });
});

describe('a connection between machines', () => {
  const failing = (disturb: (network: MemoryNetwork) => void) => {
    const { clock, network, here, there } = machines();
    const listening = there.tcp.listen(address, () => undefined);
    disturb(network);
    return { clock, connected: clock.run(listening.then(() => here.tcp.connect(address))), here };
  };

  test('that nobody answers is given up in time, and may be tried again', async () => {
    const { clock, connected, here } = failing((network) => {
      network.swallows = () => true;
    });
    await expect(connected).rejects.toMatchObject({ code: 'Disconnected', final: false });
    expect(clock.timeMs).toBe(4000);
    await clock.settle();
    expect(here.transport.open).toBe(0);
  });

  test('that a full backlog drops is given up, too', async () => {
    const { connected } = failing((network) => {
      network.backlogMax = 0;
    });
    await expect(connected).rejects.toMatchObject({ code: 'Disconnected', final: false });
  });

  test('that is cut as soon as it is made tells so, and not before', async () => {
    const { clock, connected } = failing((network) => {
      network.cuts = () => true;
    });
    const heard = hearing(await connected);
    await clock.settle();
    expect(heard).toEqual(['end read ECONNRESET']);
  });

  test('whose peer says no hello is closed in time', async () => {
    const { clock, near, there } = await carriers();
    hearing(near);
    await clock.advance(10_000);
    expect(there.open).toBe(0);
  });
});
