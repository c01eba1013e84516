import { unlinkSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { Doorbell, SeqpacketListener, SeqpacketSocket, waitReadable } from './index.ts';
import { freshPath, PythonPeer, runText } from './test-programs/run.test.support.ts';

test('bit i is set for each readable resource i', () => {
  const bells = Array.from({ length: 8 }, () => new Doorbell());
  expect(waitReadable(bells, 0)).toBe(0);
  for (const i of [0, 2, 7]) bells[i]?.ring();
  expect(waitReadable(bells, Number.POSITIVE_INFINITY)).toBe(0b10000101);
  expect(waitReadable(bells, 0)).toBe(0b10000101);
});

test('the same resource may be named twice', () => {
  const bell = new Doorbell();
  bell.ring();
  expect(waitReadable([bell, bell], 0)).toBe(0b11);
});

test('listeners, sockets and doorbells mix; a hang-up counts as readable', () => {
  const path = freshPath();
  const listener = new SeqpacketListener(path, 4);
  const client = new SeqpacketSocket(path);
  unlinkSync(path);
  const bell = new Doorbell();
  expect(waitReadable([bell, client, listener], 0)).toBe(0b100);
  const server = listener.accept();
  expect(waitReadable([bell, client, listener], 0)).toBe(0);
  server?.close();
  expect(waitReadable([bell, client, listener], 0)).toBe(0b010);
  client.close();
  listener.close();
});

test('it returns 0 when the time has passed, and not before', () => {
  const bell = new Doorbell();
  for (const timeoutMs of [0.25, 20, 50.5]) {
    const startMs = performance.now();
    expect(waitReadable([bell], timeoutMs)).toBe(0);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(timeoutMs);
  }
  expect(waitReadable([], 1)).toBe(0);
});

test('a peer wakes it, however long it would have waited', () => {
  const peer = new PythonPeer(`
_, (fd,), _, _ = take()
os.write(fd, struct.pack('Q', 1))
`);
  for (const timeoutMs of [Number.POSITIVE_INFINITY, Number.MAX_VALUE, 1e300, 2 ** 53]) {
    const bell = new Doorbell();
    if (timeoutMs === Number.POSITIVE_INFINITY) peer.send('ring', [bell.descriptor]);
    else bell.ring();
    expect(waitReadable([bell], timeoutMs)).toBe(1);
  }
});

test('signals do not shorten the wait', () => {
  const text = `
    import { spawn } from 'node:child_process';
    import { addon } from './addon.mjs';
    process.on('SIGUSR2', () => {});
    const storm = 'for i in $(seq 40); do kill -USR2 ' + process.pid + '; sleep 0.005; done';
    spawn('bash', ['-c', storm], { stdio: 'ignore' }).unref();
    const startMs = performance.now();
    const bits = addon.waitReadable([new addon.Doorbell()], 400);
    console.log(bits, performance.now() - startMs >= 400);`;
  expect(runText(text)).toMatchObject({ status: 0, stdout: '0 true\n' });
});

test('more than 8 resources, and times that are none, are refused', () => {
  const bells = Array.from({ length: 9 }, () => new Doorbell());
  expect(() => waitReadable(bells, 0)).toThrow(RangeError);
  for (const wrong of [-1, Number.NaN, Number.NEGATIVE_INFINITY]) {
    expect(() => waitReadable([], wrong)).toThrow(RangeError);
  }
});

test('elements are looked at when all have been read', () => {
  const bell = new Doorbell();
  const readables = [bell, bell];
  Object.defineProperty(readables, 1, {
    get: () => {
      bell.close();
      return new Doorbell();
    },
  });
  expect(() => waitReadable(readables, 0)).toThrow(expect.objectContaining({ code: 'EBADF' }));
});
