import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectSocket, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { MemoryAttachment, VirtualClock } from '#sim';
import { systemEnvironment } from '../environment.ts';
import { CapacityExceeded, Disconnected, type FabricError, IoError, MalformedFrame, Unsupported } from '../errors.ts';
import { InvariantViolation } from '../invariant.ts';
import { type AgentId, leaseIdBytes } from '../lease/lease-id.ts';
import { closingMs, controlBacklogMax, controlFrameBytesMax, networkConnectMs, ungreetedMax } from '../limits.ts';
import type { NetworkAddress } from '../network-address.ts';
import type { Carrier, NetworkListener } from './carrier.ts';
import { type Answer, ControlConnection } from './connection.ts';
import { FrameReader, frameOf } from './frame-reader.ts';
import { TcpTransport } from './tcp-transport.ts';

const { clock } = systemEnvironment;
const plain = new TcpTransport({ clock, insecure: false });
const loopback = { host: '127.0.0.1', port: 0 };
const text = (value: string) => Buffer.from(value);

/** Far beyond what anything takes here. */
const waitMsMax = 20_000;

async function until(holds: () => boolean): Promise<void> {
  const giveUpAtMs = performance.now() + waitMsMax;
  while (!holds()) {
    if (performance.now() > giveUpAtMs) throw new Error(`in vain: ${holds}`);
    await pause(2);
  }
}

const opened: { close(): void }[] = [];
afterEach(() => {
  for (const each of opened.splice(0)) each.close();
});

/** A carrier that was opened, and what it has told. */
class Heard {
  readonly carrier: Carrier;
  readonly messages: string[] = [];
  readonly ends: (Error | undefined)[] = [];

  constructor(carrier: Carrier, onMessage: (bytes: Uint8Array) => void = () => undefined) {
    this.carrier = carrier;
    opened.push(carrier);
    carrier.open({
      onMessage: (bytes) => {
        this.messages.push(Buffer.from(bytes).toString('latin1'));
        onMessage(bytes);
      },
      onClose: (error) => this.ends.push(error),
    });
  }
}

interface Listening {
  readonly listener: NetworkListener;
  readonly address: NetworkAddress;
  readonly accepted: Heard[];
}

async function listen(
  transport = plain,
  onMessage?: (carrier: Carrier, bytes: Uint8Array) => void,
): Promise<Listening> {
  const accepted: Heard[] = [];
  const listener = await transport.listen(loopback, (carrier) => {
    accepted.push(new Heard(carrier, (bytes) => onMessage?.(carrier, bytes)));
  });
  opened.push(listener);
  return { listener, address: listener.address, accepted };
}

async function pair(): Promise<{ near: Heard; far: Heard }> {
  const { address, accepted } = await listen();
  const near = new Heard(await plain.connect(address));
  await until(() => accepted.length === 1);
  return { near, far: accepted[0] as Heard };
}

/** A bare socket to a listener. */
async function dial({ port }: NetworkAddress): Promise<Socket> {
  const socket = connectSocket(port, '127.0.0.1');
  socket.on('error', () => undefined);
  opened.push({ close: () => socket.destroy() });
  await once(socket, 'connect');
  return socket;
}

/** A listener that is no leasewire. */
async function bareServer(onSocket: (socket: Socket) => void): Promise<NetworkAddress> {
  const server: Server = createServer(onSocket);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.push(server);
  return { host: '127.0.0.1', port: (server.address() as { port: number }).port };
}

/** A listener that is stopped, with its backlog full: whoever comes now gets no answer of any kind. */
async function blackHole(): Promise<NetworkAddress> {
  const program = `const server = require('node:net').createServer();
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  opened.push({ close: () => void child.kill('SIGKILL') });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  child.kill('SIGSTOP');
  await pause(50);
  const address = { host: '127.0.0.1', port: Number(line.toString()) };
  for (let i = 0; i < 8; i++) {
    const filling = connectSocket(address.port, address.host);
    filling.on('error', () => undefined);
    opened.push({ close: () => filling.destroy() });
  }
  await pause(50);
  return address;
}

/** A port of this machine where nobody listens. */
async function deserted(): Promise<NetworkAddress> {
  const { listener, address } = await listen();
  listener.close();
  await pause(5);
  return address;
}

describe('messages', () => {
  test('travel both ways, whole and in order', async () => {
    const { near, far } = await pair();
    const sent = Array.from({ length: 300 }, (_, index) => `${index}`.padEnd(1 + ((index * 97) % 2000), '.'));
    for (const message of sent) near.carrier.send(text(message), []);
    far.carrier.send(text('back'), []);
    await until(() => far.messages.length === sent.length && near.messages.length === 1);
    expect(far.messages).toEqual(sent);
    expect(near.messages).toEqual(['back']);
  });

  test('of one byte, and of as many as are allowed, arrive', async () => {
    const { near, far } = await pair();
    for (const bytes of [1, controlFrameBytesMax]) near.carrier.send(new Uint8Array(bytes).fill(65), []);
    await until(() => far.messages.length === 2);
    expect(far.messages).toEqual(['A', 'A'.repeat(controlFrameBytesMax)]);
  });

  test('arrive whole however the stream is cut into segments', async () => {
    const { address, accepted } = await listen();
    const messages = fc.array(fc.uint8Array({ minLength: 1, maxLength: 3000 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(messages, fc.array(fc.nat(), { maxLength: 6 }), async (sent, places) => {
        const socket = await dial(address);
        socket.setNoDelay(true);
        const stream = Buffer.concat(sent.map(frameOf));
        const ends = [...places.map((place) => place % stream.length).sort((a, b) => a - b), stream.length];
        for (const [index, end] of ends.entries()) {
          socket.write(stream.subarray(ends[index - 1] ?? 0, end));
          await pause(1);
        }
        await until(() => accepted.at(-1)?.messages.length === sent.length);
        expect(accepted.at(-1)?.messages).toEqual(sent.map((bytes) => Buffer.from(bytes).toString('latin1')));
        socket.destroy();
      }),
      { numRuns: 25 },
    );
  });

  test('with attachments are a bug', async () => {
    const { near } = await pair();
    expect(near.carrier.carriesAttachments).toBe(false);
    const attachment = new MemoryAttachment('memory', { open: 0 });
    expect(() => near.carrier.send(text('x'), [attachment])).toThrow(InvariantViolation);
  });
});

describe('a peer that breaks the framing', () => {
  test.each([0, controlFrameBytesMax + 1, 2 ** 32 - 1])(
    'by a length of %d is closed with MalformedFrame',
    async (bytes) => {
      const { address, accepted } = await listen();
      const socket = await dial(address);
      const header = Buffer.alloc(4);
      header.writeUInt32LE(bytes);
      socket.write(Buffer.concat([frameOf(text('fine')), header, frameOf(text('never'))]));
      const ended = once(socket.resume(), 'end');
      await until(() => accepted[0]?.ends.length === 1);
      expect(accepted[0]?.ends).toEqual([expect.any(MalformedFrame)]);
      expect(accepted[0]?.messages).toEqual(['fine']);
      await ended;
    },
  );

  test('by speaking HTTP gets nowhere', async () => {
    const { address, accepted } = await listen();
    const socket = await dial(address);
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await until(() => accepted[0]?.ends.length === 1);
    expect(accepted[0]?.ends).toEqual([expect.any(MalformedFrame)]);
  });

  test('by ending in the middle of a frame is gone, and what there was of it is told to nobody', async () => {
    const { address, accepted } = await listen();
    const socket = await dial(address);
    socket.end(frameOf(text('half')).subarray(0, 6));
    await until(() => accepted[0]?.ends.length === 1);
    expect([accepted[0]?.ends, accepted[0]?.messages]).toEqual([[undefined], []]);
  });
});

describe('the end', () => {
  test('by closing is told to the peer, once, and not to whoever closed', async () => {
    const { near, far } = await pair();
    near.carrier.close();
    near.carrier.close();
    near.carrier.send(text('late'), []);
    await until(() => far.ends.length === 1);
    await pause(20);
    expect([near.ends, far.ends, far.messages]).toEqual([[], [undefined], []]);
  });

  test('by a reset says so', async () => {
    const { address, accepted } = await listen();
    const socket = await dial(address);
    await until(() => accepted.length === 1);
    socket.resetAndDestroy();
    await until(() => accepted[0]?.ends.length === 1);
    expect(accepted[0]?.ends).toEqual([expect.objectContaining({ code: 'ECONNRESET' })]);
  });

  test('comes after everything that was sent, also to a peer that goes on talking', async () => {
    const address = await bareServer((socket) => {
      socket.on('error', () => undefined);
      // It reads late, and has sent what nobody will read: an end that is no more than a close would be a reset.
      socket.write(Buffer.alloc(200_000, 0xff));
      const reader = new FrameReader();
      setTimeout(() => {
        socket.on('data', (piece) => heard.push(...[...reader.read(piece)].map(({ length }) => length)));
        socket.on('end', () => heard.push('end'));
      }, 50);
    });
    const heard: (number | string)[] = [];
    const carrier = await plain.connect(address);
    const big = new Uint8Array(controlFrameBytesMax);
    for (let i = 0; i < 600; i++) carrier.send(big, []);
    carrier.send(text('refused'), []);
    carrier.close();
    await until(() => heard.at(-1) === 'end');
    expect(heard).toHaveLength(602);
    expect(heard.at(-2)).toBe(7);
  });

  test('needs no time limit where the peer ends too, although nobody ever read what it sent', async () => {
    const address = await bareServer((socket) => socket.on('error', () => undefined).write(Buffer.alloc(200_000)));
    const virtual = new VirtualClock({ readMs: 0 });
    const carrier = await new TcpTransport({ clock: virtual, insecure: false }).connect(address);
    carrier.close();
    expect(virtual.pending).toBe(1);
    await until(() => virtual.pending === 0);
  });

  test('is not put off for ever by a peer that neither reads nor closes', async () => {
    const sockets: Socket[] = [];
    const address = await bareServer((socket) => sockets.push(socket.on('error', () => undefined)));
    const carrier = await plain.connect(address);
    await until(() => sockets.length === 1);
    const big = new Uint8Array(controlFrameBytesMax);
    for (let i = 0; i < 900; i++) carrier.send(big, []);
    const startedMs = performance.now();
    carrier.close();
    // It reads again long after the limit, and finds what had been in the kernel, then the end.
    await pause(closingMs + 100);
    let bytes = 0;
    const over = new Promise((resolve) => sockets[0]?.once('close', resolve));
    sockets[0]?.on('data', (piece) => {
      bytes += piece.length;
    });
    await over;
    expect(bytes).toBeLessThan(900 * controlFrameBytesMax);
    expect(performance.now() - startedMs).toBeGreaterThan(closingMs);
  });

  test('that came before the carrier was opened is told when it is', async () => {
    const address = await bareServer((socket) => socket.destroy());
    const carrier = await plain.connect(address);
    await pause(20);
    const { ends } = new Heard(carrier);
    await until(() => ends.length === 1);
  });
});

test('a peer that does not read is given up, and told to nobody twice', async () => {
  const address = await bareServer((socket) => socket.on('error', () => undefined).pause());
  const { carrier, ends } = new Heard(await plain.connect(address));
  const big = new Uint8Array(controlFrameBytesMax);
  let sent = 0;
  // What the kernel holds comes on top, and is not ours to bound.
  for (; ends.length === 0 && sent < 100 * controlBacklogMax; sent++) {
    carrier.send(big, []);
    if (sent % 64 === 0) await pause(0);
  }
  expect(ends).toEqual([expect.any(CapacityExceeded)]);
  expect(sent).toBeGreaterThan(controlBacklogMax);
  carrier.send(big, []);
  await pause(20);
  expect(ends).toHaveLength(1);
});

test('a peer that reads slowly gets everything, in order', async () => {
  const { near, far } = await pair();
  const messages = Array.from({ length: controlBacklogMax }, (_, index) =>
    `${index}`.padEnd(controlFrameBytesMax, ' '),
  );
  for (const message of messages) near.carrier.send(text(message), []);
  await until(() => far.messages.length === messages.length);
  expect(far.messages.map(Number)).toEqual(messages.map((_, index) => index));
});

test.each([new InvariantViolation('a bug'), new TypeError('another'), 'no error at all'])(
  'what is thrown while a message is taken (%s) ends this carrier, and no other',
  async (thrown) => {
    const { address, accepted } = await listen(plain, (_carrier, bytes) => {
      if (bytes[0] === 0) throw thrown;
    });
    const good = new Heard(await plain.connect(address));
    const bad = new Heard(await plain.connect(address));
    bad.carrier.send(Uint8Array.of(0), []);
    await until(() => bad.ends.length === 1);
    good.carrier.send(Uint8Array.of(1), []);
    await until(() => accepted.some(({ messages }) => messages.at(-1) === '\x01'));
    const failed = accepted.filter(({ ends }) => ends.length > 0);
    expect(failed.map(({ ends }) => ends)).toEqual([[thrown instanceof Error ? thrown : new Error(thrown)]]);
  },
);

describe('strangers', () => {
  test('that say nothing go when too many others come; whoever has said hello stays', async () => {
    const { address, accepted } = await listen(plain, (carrier, bytes) => {
      carrier.greeted();
      carrier.send(bytes, []);
    });
    const friend = new Heard(await plain.connect(address));
    friend.carrier.send(text('hello'), []);
    await until(() => friend.messages.length === 1);
    const silent: Socket[] = [];
    for (let i = 0; i < 2 * ungreetedMax; i++) silent.push((await dial(address)).resume());
    await until(
      () => accepted.length === 1 + silent.length && silent.filter(({ closed }) => closed).length >= ungreetedMax,
    );
    expect(silent.filter(({ closed }) => closed)).toHaveLength(ungreetedMax);
    expect(silent.slice(ungreetedMax).every(({ closed }) => !closed)).toBe(true);
    // Neither those who were there nor those who come are kept from being served.
    friend.carrier.send(text('still here'), []);
    const late = new Heard(await plain.connect(address));
    late.carrier.send(text('me too'), []);
    await until(() => friend.messages.length === 2 && late.messages.length === 1);
    expect(friend.ends).toEqual([]);
  });

  test('are turned out when the listener closes; whoever has said hello is not', async () => {
    const { listener, address, accepted } = await listen(plain, (carrier) => carrier.greeted());
    const [greeted, silent] = [new Heard(await plain.connect(address)), new Heard(await plain.connect(address))];
    greeted.carrier.send(text('hello'), []);
    await until(() => accepted.length === 2 && accepted.some(({ messages }) => messages.length === 1));
    listener.close();
    await until(() => silent.ends.length === 1);
    expect(greeted.ends).toEqual([]);
    await expect(plain.connect(address)).rejects.toBeInstanceOf(Disconnected);
  });
});

describe('guests', () => {
  const self = '0000000000000001' as AgentId;
  const owner = { onRequest: (): Answer => ({ body: { type: 'done' } }), onNotice: () => undefined };

  /** A control connection, what becomes of its first request, and its own end. */
  async function ask(address: NetworkAddress): Promise<{ answer: Promise<unknown>; connection: ControlConnection }> {
    const carrier = await plain.connect(address);
    const connection = new ControlConnection(carrier, clock, { ...owner, onClose: () => undefined }, { self });
    opened.push(connection);
    const lease = new Uint8Array(leaseIdBytes);
    return {
      connection,
      answer: connection.request({ type: 'detach', lease, generation: 1 }).then(({ body }) => body),
    };
  }

  test('beyond the limit are told it, and come in when others have gone', async () => {
    const ends: FabricError[] = [];
    const transport = new TcpTransport({ clock, insecure: false, guestsMax: 2 });
    const listener = await transport.listen(loopback, (carrier) => {
      const onClose = (error: FabricError) => void ends.push(error);
      new ControlConnection(carrier, clock, { ...owner, onClose }, { self });
    });
    opened.push(listener);
    const [first, second] = [await ask(listener.address), await ask(listener.address)];
    expect([await first.answer, await second.answer]).toMatchObject([{ type: 'done' }, { type: 'done' }]);
    const third = await ask(listener.address);
    await expect(third.answer).rejects.toThrow(CapacityExceeded);
    await expect(third.answer).rejects.toThrow('no more than 2 network peers');
    expect(ends).toEqual([expect.any(CapacityExceeded)]);
    // Those who are there are served as before.
    expect((await second.connection.request({ type: 'resolve', service: 'any' })).body).toMatchObject({ type: 'done' });
    first.connection.close();
    await until(() => ends.length === 2);
    for (;;) {
      const fourth = await ask(listener.address);
      const body = await fourth.answer.catch((error) => error);
      if (!(body instanceof CapacityExceeded)) return expect(body).toMatchObject({ type: 'done' });
      await pause(2); // The first one's socket is not closed yet.
    }
  });
});

describe('where nobody answers', () => {
  test('is Disconnected', async () => {
    const address = await deserted();
    await expect(plain.connect(address)).rejects.toBeInstanceOf(Disconnected);
    await expect(plain.connect(address)).rejects.toThrow(`127.0.0.1:${address.port}`);
  });

  test('the next address of the host is tried', async () => {
    const { address } = await listen();
    const resolve = async () => ['127.0.0.2', '127.0.0.1'];
    const carrier = await new TcpTransport({ clock, insecure: false, resolve }).connect(address);
    carrier.close();
  });

  test('in time, neither a name server nor a host, is Disconnected', async () => {
    const virtual = new VirtualClock({ readMs: 0 });
    const never = () => new Promise<never>(() => undefined);
    const mute = new TcpTransport({ clock: virtual, insecure: false, resolve: never });
    const unknown = virtual.run(mute.connect({ host: 'slow.example', port: 9 }));
    await expect(unknown).rejects.toMatchObject({
      code: 'Disconnected',
      message: expect.stringMatching('slow.example'),
    });
    await expect(virtual.run(mute.listen({ host: 'slow.example', port: 9 }, () => undefined))).rejects.toThrow(IoError);

    const full = await blackHole();
    const patient = new TcpTransport({ clock: virtual, insecure: false });
    const unanswered = expect(patient.connect(full)).rejects.toMatchObject({ code: 'Disconnected' });
    // The name is looked up in real time, then the virtual limit runs.
    await pause(100);
    await virtual.advance(networkConnectMs - 1);
    expect(virtual.pending).toBe(1);
    await virtual.advance(1);
    await unanswered;
  });

  test('because the name is unknown is Disconnected; and nobody can listen there', async () => {
    const nowhere = { host: 'no-such-host.invalid', port: 4711 };
    await expect(plain.connect(nowhere)).rejects.toBeInstanceOf(Disconnected);
    await expect(plain.listen(nowhere, () => undefined)).rejects.toBeInstanceOf(IoError);
  });

  test('because the port is taken, nobody else can listen', async () => {
    const { address } = await listen();
    await expect(plain.listen(address, () => undefined)).rejects.toBeInstanceOf(IoError);
  });
});

describe('plain connections', () => {
  const nowhere = () => undefined;

  test.each(['0.0.0.0', '::', '192.0.2.1', '::ffff:192.0.2.1'])(
    'do not leave this machine: %s is refused',
    async (host) => {
      await expect(plain.listen({ host, port: 0 }, nowhere)).rejects.toBeInstanceOf(Unsupported);
      await expect(plain.connect({ host, port: 9 })).rejects.toBeInstanceOf(Unsupported);
    },
  );

  test('do not by a name either, whatever it looks like', async () => {
    const resolve = async () => ['127.0.0.1', '192.0.2.1'];
    const transport = new TcpTransport({ clock, insecure: false, resolve });
    const host = 'localhost.example';
    await expect(transport.listen({ host, port: 0 }, nowhere)).rejects.toThrow(`${host} (192.0.2.1)`);
    await expect(transport.connect({ host, port: 9 })).rejects.toBeInstanceOf(Unsupported);
  });

  test.each(['localhost', '127.8.7.6'])('stay on it at %s', async (host) => {
    const listener = await plain.listen({ host, port: 0 }, nowhere);
    opened.push(listener);
    expect(listener.address).toEqual({ host, port: expect.any(Number) });
    (await plain.connect(listener.address)).close();
  });

  test('leave it where that is allowed', async () => {
    const bold = new TcpTransport({ clock, insecure: true });
    const listener = await bold.listen({ host: '0.0.0.0', port: 0 }, nowhere);
    opened.push(listener);
    (await bold.connect({ host: '127.0.0.1', port: listener.address.port })).close();
  });

  test('are none where something secures them: both sides go through it, and are not asked who they are', async () => {
    const sides: string[] = [];
    const secure = async (socket: Socket, side: string) => {
      sides.push(side);
      return socket;
    };
    const secured = new TcpTransport({ clock, insecure: false, secure });
    const listener = await secured.listen({ host: '0.0.0.0', port: 0 }, nowhere);
    opened.push(listener);
    (await secured.connect({ host: '127.0.0.1', port: listener.address.port })).close();
    await until(() => sides.length === 2);
    expect(sides.sort()).toEqual(['connector', 'listener']);
  });

  test('are bounded in their silence on both sides, while they are open', async () => {
    const ports: (number | undefined)[] = [];
    const boundSilence = (socket: Socket) => {
      expect(socket.destroyed).toBe(false);
      ports.push(socket.localPort);
    };
    const bounded = new TcpTransport({ clock, insecure: false, boundSilence });
    const { address } = await listen(bounded);
    const near = new Heard(await bounded.connect(address));
    await until(() => ports.length === 2);
    expect(ports).toContain(address.port);
    near.carrier.close();
  });

  test('that cannot be secured are closed', async () => {
    const secure = async (socket: Socket, side: string) => {
      if (side === 'listener') throw new Error('no certificate');
      return socket;
    };
    const picky = new TcpTransport({ clock, insecure: false, secure });
    const listener = await picky.listen(loopback, () => expect.unreachable());
    opened.push(listener);
    const { ends } = new Heard(await picky.connect(listener.address));
    await until(() => ends.length === 1);
  });
});
