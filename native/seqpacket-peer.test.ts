// What the peer of a socket may do, by mistake or on purpose.
import { afterEach, expect, test } from 'vitest';
import { createSealedMemfd, type Descriptor, Doorbell } from './index.ts';
import {
  awaitReadable,
  countDescriptors,
  freshPair,
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

function freshMemfd(name = 'leasewire-test'): Descriptor {
  return closing(createSealedMemfd(name, 4096, false));
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const coded = (code: string): unknown => expect.objectContaining({ code });

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
