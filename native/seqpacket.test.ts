import { chmodSync, existsSync, statSync, symlinkSync, unlinkSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import {
  createSealedMemfd,
  type Descriptor,
  Doorbell,
  inspectMemfd,
  SeqpacketListener,
  SeqpacketSocket,
} from './index.ts';
import {
  awaitReadable,
  countDescriptors,
  freshPath,
  PythonPeer,
  runText,
} from './test-programs/run.test.support.ts';

const toClose: { close(): void }[] = [];

function closing<T extends { close(): void }>(resource: T): T {
  toClose.push(resource);
  return resource;
}

afterEach(() => {
  for (const resource of toClose.splice(0)) resource.close();
});

function freshPair(): { client: SeqpacketSocket; server: SeqpacketSocket } {
  const path = freshPath();
  const listener = new SeqpacketListener(path, 1);
  const client = closing(new SeqpacketSocket(path));
  const server = listener.accept();
  listener.close();
  unlinkSync(path);
  if (server === undefined) throw new Error('no connection');
  return { client, server: closing(server) };
}

function freshMemfd(name = 'leasewire-test'): Descriptor {
  return closing(createSealedMemfd(name, 4096, false));
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const coded = (code: string) => expect.objectContaining({ code });

// Listening and connecting

test('the socket file is 0600, whatever the umask', () => {
  const path = freshPath();
  const text = `
    import { statSync, unlinkSync } from 'node:fs';
    import { addon } from './addon.mjs';
    for (const mask of [0, 0o77, 0o777]) {
      process.umask(mask);
      new addon.SeqpacketListener('${path}', 1);
      console.log((statSync('${path}').mode & 0o777).toString(8));
      unlinkSync('${path}');
    }`;
  expect(runText(text).stdout).toBe('600\n600\n0\n');
});

test('a path is bound once; closing leaves the file to be unlinked', () => {
  const path = freshPath();
  const listener = new SeqpacketListener(path, 1);
  expect(() => new SeqpacketListener(path, 1)).toThrow(coded('EADDRINUSE'));
  listener.close();
  expect(existsSync(path)).toBe(true);
  expect(() => new SeqpacketSocket(path)).toThrow(coded('ECONNREFUSED'));
  unlinkSync(path);
  expect(() => new SeqpacketSocket(path)).toThrow(coded('ENOENT'));
});

test('paths that the system can not hold are refused', () => {
  const tooLong = `/tmp/${'x'.repeat(103)}`;
  expect(() => new SeqpacketListener(tooLong, 1)).toThrow(coded('ENAMETOOLONG'));
  expect(() => new SeqpacketSocket(tooLong)).toThrow(coded('ENAMETOOLONG'));
  const longest = `/tmp/${`leasewire-test-${process.pid}-`.padEnd(102, 'x')}`;
  new SeqpacketListener(longest, 1).close();
  unlinkSync(longest);
});

test('no path leads into the abstract namespace', () => {
  for (const open of [
    (path: string) => new SeqpacketListener(path, 1),
    (path: string) => new SeqpacketSocket(path),
  ]) {
    expect(() => open('')).toThrow(coded('EINVAL'));
    expect(() => open('\0leasewire')).toThrow(TypeError);
    expect(() => open('/tmp/leasewire\0')).toThrow(TypeError);
  }
});

test('a full backlog is EAGAIN, not a wait', () => {
  const path = freshPath();
  const listener = closing(new SeqpacketListener(path, 0));
  const connected: SeqpacketSocket[] = [];
  expect(() => {
    for (let i = 0; i < 100; i++) connected.push(closing(new SeqpacketSocket(path)));
  }).toThrow(coded('EAGAIN'));
  listener.accept()?.close();
  connected.push(closing(new SeqpacketSocket(path)));
  unlinkSync(path);
});

test('a stream socket, or a path one may not write, is no listener', () => {
  const path = freshPath();
  symlinkSync('/dev/null', path);
  expect(() => new SeqpacketSocket(path)).toThrow(coded('ECONNREFUSED'));
  expect(() => new SeqpacketListener(path, 1)).toThrow(coded('EADDRINUSE'));
  unlinkSync(path);
  expect(() => new SeqpacketListener('/leasewire-nowhere/x.sock', 1)).toThrow(coded('ENOENT'));
});

test('accept() takes connections in order, and undefined when none waits', () => {
  const path = freshPath();
  const listener = closing(new SeqpacketListener(path, 4));
  chmodSync(path, 0o600);
  expect(statSync(path).isSocket()).toBe(true);
  expect(listener.accept()).toBe(undefined);
  const clients = [closing(new SeqpacketSocket(path)), closing(new SeqpacketSocket(path))];
  for (const [i, client] of clients.entries()) client.send(bytesOf(`client ${i}`), []);
  expect(Buffer.from(listener.accept()?.receive(64, 0)?.bytes ?? []).toString()).toBe('client 0');
  expect(Buffer.from(listener.accept()?.receive(64, 0)?.bytes ?? []).toString()).toBe('client 1');
  expect(listener.accept()).toBe(undefined);
  unlinkSync(path);
});

test('peer tells who is at the other end', () => {
  const peer = new PythonPeer(`say(f'{os.getpid()} {os.getuid()} {os.getgid()}'); take()`);
  const [pid, uid, gid] = peer.hear().split(' ').map(Number);
  expect(peer.socket.peer).toEqual({ pid, uid, gid });
  expect(() => Object.assign(peer.socket, { peer: { pid: 1, uid: 0, gid: 0 } })).toThrow(TypeError);
  expect(() => Object.assign(peer.socket.peer, { uid: 0 })).toThrow(TypeError);
  peer.send('end');
});

// Messages

test('messages arrive whole, in order, one at a time', () => {
  const { client, server } = freshPair();
  const messages = ['a', 'bc', 'x'.repeat(10_000), 'd'];
  for (const message of messages) expect(client.send(bytesOf(message), [])).toBe(true);
  for (const message of messages) {
    expect(server.receive(10_000, 0)).toEqual({ bytes: bytesOf(message), descriptors: [] });
  }
  expect(server.receive(10_000, 0)).toBe(undefined);
});

test('received bytes are a plain copy of exactly the message', () => {
  const { client, server } = freshPair();
  const sent = Buffer.from('--message--').subarray(2, 9);
  client.send(sent, []);
  const bytes = server.receive(1000, 0)?.bytes;
  expect(bytes?.constructor).toBe(Uint8Array);
  expect(bytes?.buffer.byteLength).toBe(7);
  sent.fill(0);
  expect(Buffer.from(bytes ?? []).toString()).toBe('message');
});

test('bytes may lie in shared or mapped memory', () => {
  const { client, server } = freshPair();
  client.send(new Uint8Array(new SharedArrayBuffer(8), 2, 3).fill(9), []);
  expect(server.receive(8, 0)?.bytes).toEqual(new Uint8Array([9, 9, 9]));
});

test('descriptors travel with their message', () => {
  const { client, server } = freshPair();
  const bell = closing(new Doorbell());
  client.send(bytesOf('two'), [freshMemfd(), bell.descriptor]);
  client.send(bytesOf('none'), []);
  const [memfd, eventfd] = server.receive(16, 2)?.descriptors ?? [];
  if (memfd === undefined || eventfd === undefined) throw new Error('descriptors are missing');
  expect(inspectMemfd(memfd)).toEqual({ bytes: 4096, sealed: true });
  closing(new Doorbell(eventfd)).ring();
  expect(bell.drain()).toBe(true);
  expect(server.receive(16, 2)?.descriptors).toEqual([]);
});

test('as many descriptors as the kernel takes, and no more', () => {
  const { client, server } = freshPair();
  const memfd = freshMemfd();
  expect(client.send(bytesOf('many'), new Array<Descriptor>(253).fill(memfd))).toBe(true);
  const received = server.receive(16, 253)?.descriptors ?? [];
  expect(received.length).toBe(253);
  for (const descriptor of received) descriptor.close();
  expect(() => client.send(bytesOf('x'), new Array<Descriptor>(254).fill(memfd))).toThrow(RangeError);
});

test('received descriptors are close-on-exec', () => {
  const text = `
    import { execFileSync } from 'node:child_process';
    import { unlinkSync } from 'node:fs';
    import { addon, countResources } from './addon.mjs';
    const before = countResources().descriptors;
    const listener = new addon.SeqpacketListener('PATH', 1);
    const client = new addon.SeqpacketSocket('PATH');
    unlinkSync('PATH');
    const memfd = addon.createSealedMemfd('leasewire-test', 4096, false);
    client.send(new Uint8Array(1), [memfd]);
    const server = listener.accept();
    const { descriptors } = server.receive(1, 1);
    console.log(countResources().descriptors - before, execFileSync('ls', ['-l', '/proc/self/fd']).includes('memfd'));`;
  expect(runText(text.replaceAll('PATH', freshPath()))).toMatchObject({ status: 0, stdout: '5 false\n' });
});

test('a full socket says false, loses nothing, and recovers', () => {
  const { client, server } = freshPair();
  let sent = 0;
  while (client.send(new Uint8Array(4096).fill(sent), [])) sent++;
  expect(sent).toBeGreaterThan(0);
  for (let i = 0; i < sent; i++) expect(server.receive(4096, 0)?.bytes[0]).toBe(i & 255);
  expect(server.receive(4096, 0)).toBe(undefined);
  expect(client.send(bytesOf('again'), [])).toBe(true);
});

test('a message that no socket buffer holds is EMSGSIZE', () => {
  const { client } = freshPair();
  expect(() => client.send(new Uint8Array(64 << 20), [])).toThrow(coded('EMSGSIZE'));
});

test('an empty message is not sent, as it would look like a close', () => {
  const { client, server } = freshPair();
  expect(() => client.send(new Uint8Array(0), [])).toThrow(RangeError);
  expect(server.receive(16, 0)).toBe(undefined);
});

// What a peer may do

test('after the peer closed, what it sent is received first, then null', () => {
  const { client, server } = freshPair();
  client.send(bytesOf('last'), []);
  client.close();
  expect(server.receive(16, 0)?.bytes).toEqual(bytesOf('last'));
  expect(server.receive(16, 0)).toBe(null);
  expect(server.receive(16, 0)).toBe(null);
  expect(() => server.send(bytesOf('x'), [])).toThrow(coded('EPIPE'));
});

test('so too when the peer left messages of ours unread', () => {
  const { client, server } = freshPair();
  server.send(bytesOf('never read'), [freshMemfd()]);
  client.send(bytesOf('last'), []);
  client.close();
  awaitReadable(server);
  expect(server.receive(16, 0)?.bytes).toEqual(bytesOf('last'));
  expect(server.receive(16, 0)).toBe(null);
});

test('sending is EPIPE when the peer left messages unread', () => {
  const { client, server } = freshPair();
  server.send(bytesOf('never read'), []);
  client.close();
  expect(() => server.send(bytesOf('x'), [])).toThrow(coded('EPIPE'));
});

test('a watch is told of a peer that was killed, whether or not messages were unread', async () => {
  for (const unread of [false, true]) {
    const peer = new PythonPeer(`say('ready'); signal.pause()`);
    expect(peer.hear()).toBe('ready');
    if (unread) peer.send('never read');
    const message = new Promise((resolve) => {
      peer.socket.ref();
      peer.socket.watch(() => {
        const received = peer.socket.receive(16, 0);
        peer.socket.close();
        resolve(received);
      });
    });
    peer.process.kill('SIGKILL');
    expect(await message).toBe(null);
  }
});

test('a message longer than allowed is EMSGSIZE; its descriptors are closed, and the next one is fine', () => {
  const { client, server } = freshPair();
  const memfd = freshMemfd('leasewire-test-oversize');
  client.send(new Uint8Array(17), [memfd, memfd]);
  client.send(bytesOf('next'), []);
  expect(() => server.receive(16, 2)).toThrow(coded('EMSGSIZE'));
  expect(countDescriptors('leasewire-test-oversize')).toBe(1);
  expect(server.receive(16, 2)?.bytes).toEqual(bytesOf('next'));
});

test('more descriptors than allowed are EMSGSIZE, and none stays open', () => {
  const { client, server } = freshPair();
  const memfd = freshMemfd('leasewire-test-surplus');
  for (let allowed = 0; allowed < 5; allowed++) {
    for (const sent of [allowed + 1, allowed + 2, 200]) {
      client.send(bytesOf('x'), new Array<Descriptor>(sent).fill(memfd));
      expect(() => server.receive(16, allowed)).toThrow(coded('EMSGSIZE'));
      expect(countDescriptors('leasewire-test-surplus')).toBe(1);
    }
  }
});

test('without room for a message’s descriptors it is EMFILE, and none stays open', () => {
  const text = `
    import { unlinkSync } from 'node:fs';
    import { addon, countResources } from './addon.mjs';
    const before = countResources().descriptors;
    const listener = new addon.SeqpacketListener('PATH', 1);
    const client = new addon.SeqpacketSocket('PATH');
    unlinkSync('PATH');
    const server = listener.accept();
    const memfd = addon.createSealedMemfd('leasewire-test', 4096, false);
    const fillers = [];
    client.send(new Uint8Array(1), new Array(8).fill(memfd));
    try {
      for (;;) fillers.push(new addon.Doorbell());
    } catch {}
    for (let i = 0; i < 3; i++) fillers.pop().close();
    let code;
    try {
      server.receive(1, 8);
    } catch (error) {
      code = error.code;
    }
    for (const filler of fillers) filler.close();
    console.log(code, countResources().descriptors - before);`;
  const program = text.replaceAll('PATH', freshPath());
  expect(runText(program, { setup: 'ulimit -n 64' })).toMatchObject({ status: 0, stdout: 'EMFILE 4\n' });
});

test('an empty message reads as a close, and its descriptors are closed', () => {
  const peer = new PythonPeer(`
fd = os.memfd_create('leasewire-test-empty')
socket.send_fds(s, [b''], [fd])
take()
`);
  expect(peer.receive()).toBe(null);
  expect(countDescriptors('leasewire-test-empty')).toBe(0);
  peer.send('end');
});

test('descriptors of a message that is never received are closed with the socket', () => {
  const { client, server } = freshPair();
  const bell = new Doorbell();
  const second = new Doorbell(bell.descriptor);
  client.send(bytesOf('x'), [bell.descriptor]);
  bell.close();
  server.close();
  second.close();
  expect(countDescriptors('leasewire-test')).toBe(0);
});

// Misuse

test('once closed, using it is EBADF', () => {
  const { client } = freshPair();
  client.close();
  client.close();
  expect(() => client.send(bytesOf('x'), [])).toThrow(coded('EBADF'));
  expect(() => client.receive(16, 0)).toThrow(coded('EBADF'));
  expect(() => client.watch(() => {})).toThrow(coded('EBADF'));
  const listener = new SeqpacketListener(freshPath(), 1);
  listener.close();
  expect(() => listener.accept()).toThrow(coded('EBADF'));
});

test('a closed descriptor is not sent', () => {
  const { client, server } = freshPair();
  const memfd = freshMemfd();
  memfd.close();
  expect(() => client.send(bytesOf('x'), [memfd])).toThrow(coded('EBADF'));
  expect(server.receive(16, 1)).toBe(undefined);
});

test('an array whose elements run code can not trick send()', () => {
  const { client, server } = freshPair();
  const [first, second] = [freshMemfd(), freshMemfd()];
  const bytes = new Uint8Array(16);
  const trap = [first, second];
  Object.defineProperty(trap, 1, {
    get: () => {
      first.close();
      return second;
    },
  });
  expect(() => client.send(bytes, trap)).toThrow(coded('EBADF'));
  Object.defineProperty(trap, 1, {
    get: () => {
      structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
      return second;
    },
  });
  trap[0] = second;
  expect(() => client.send(bytes, trap)).toThrow(RangeError);
  Object.defineProperty(trap, 1, {
    get: () => {
      client.close();
      return second;
    },
  });
  expect(() => client.send(bytesOf('x'), trap)).toThrow(coded('EBADF'));
  expect(server.receive(16, 2)).toBe(null);
});

test('limits of receive() are integers in range', () => {
  const { server } = freshPair();
  for (const wrong of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 24 + 1, 2 ** 53]) {
    expect(() => server.receive(wrong, 0)).toThrow(RangeError);
  }
  for (const wrong of [-1, 0.5, Number.NaN, 254]) expect(() => server.receive(1, wrong)).toThrow(RangeError);
});
