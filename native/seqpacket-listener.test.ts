import { chmodSync, existsSync, statSync, symlinkSync, unlinkSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { SeqpacketListener, SeqpacketSocket } from './index.ts';
import { freshPath, PythonPeer, runText } from './test-programs/run.test.support.ts';

const toClose: { close(): void }[] = [];

function closing<T extends { close(): void }>(resource: T): T {
  toClose.push(resource);
  return resource;
}

afterEach(() => {
  for (const resource of toClose.splice(0)) resource.close();
});

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const coded = (code: string): unknown => expect.objectContaining({ code });

test('the socket file is 0600, less what the umask forbids even to us', () => {
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
  for (const open of [(path: string) => new SeqpacketListener(path, 1), (path: string) => new SeqpacketSocket(path)]) {
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
