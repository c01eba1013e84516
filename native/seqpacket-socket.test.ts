import { unlinkSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { createSealedMemfd, type Descriptor, Doorbell, inspectMemfd, SeqpacketListener } from './index.ts';
import { freshPair, freshPath, runText } from './test-programs/run.test.support.ts';

const toClose: { close(): void }[] = [];

function closing<T extends { close(): void }>(resource: T): T {
  toClose.push(resource);
  return resource;
}

afterEach(() => {
  for (const resource of toClose.splice(0)) resource.close();
});

function freshMemfd(name = 'leasewire-test'): Descriptor {
  return closing(createSealedMemfd(name, 4096, false));
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const coded = (code: string): unknown => expect.objectContaining({ code });

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

test('once closed, using it is EBADF', () => {
  const { client } = freshPair();
  client.close();
  client.close();
  expect(() => client.send(bytesOf('x'), [])).toThrow(coded('EBADF'));
  expect(() => client.receive(16, 0)).toThrow(coded('EBADF'));
  expect(() => client.watch(() => {})).toThrow(coded('EBADF'));
  const path = freshPath();
  const listener = new SeqpacketListener(path, 1);
  unlinkSync(path);
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
