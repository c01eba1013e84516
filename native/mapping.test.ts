import { afterEach, expect, test } from 'vitest';
import { createSealedMemfd, type Descriptor, Doorbell, Mapping } from './index.ts';
import { PythonPeer, runText } from './test-programs/run.test.support.ts';

const bytes = 65536;
const memfds: Descriptor[] = [];

function freshMemfd(): Descriptor {
  const memfd = createSealedMemfd('leasewire-test', bytes, false);
  memfds.push(memfd);
  return memfd;
}

afterEach(() => {
  for (const memfd of memfds.splice(0)) memfd.close();
});

test('mappings of one memfd are the same memory, zeroed at first', () => {
  const memfd = freshMemfd();
  const [here, there] = [new Mapping(memfd, bytes), new Mapping(memfd, bytes)];
  const words = new Int32Array(there.buffer);
  expect(words.every((word) => word === 0)).toBe(true);
  Atomics.store(new Int32Array(here.buffer), 16383, 42);
  expect(Atomics.load(words, 16383)).toBe(42);
});

test('another process shares the memory', () => {
  const peer = new PythonPeer(`
import mmap
_, (fd,), _, _ = take()
memory = mmap.mmap(fd, ${bytes})
say(memory[${bytes - 1}])
memory[0] = 99
say('written')
`);
  const memfd = freshMemfd();
  const view = new Uint8Array(new Mapping(memfd, bytes).buffer);
  view[bytes - 1] = 7;
  peer.send('map', [memfd]);
  expect(peer.hear()).toBe('7');
  expect(peer.hear()).toBe('written');
  expect(view[0]).toBe(99);
});

test('the mapping needs its descriptor no longer', () => {
  const memfd = freshMemfd();
  const mapping = new Mapping(memfd, bytes);
  memfd.close();
  expect(new Uint8Array(mapping.buffer)[0]).toBe(0);
});

test('buffer is one constant object', () => {
  const mapping = new Mapping(freshMemfd(), bytes);
  expect(mapping.buffer).toBe(mapping.buffer);
  expect(() => Object.assign(mapping, { buffer: new ArrayBuffer(1) })).toThrow(TypeError);
  expect(() => Object.defineProperty(mapping, 'buffer', { value: 1 })).toThrow(TypeError);
});

test('closing empties every view; Atomics on one throw', () => {
  const mapping = new Mapping(freshMemfd(), bytes);
  const { buffer } = mapping;
  const words = new Int32Array(buffer, 4096);
  const dataView = new DataView(buffer);
  const node = Buffer.from(buffer);
  mapping.close();
  mapping.close();
  expect(mapping.closed).toBe(true);
  expect([buffer.byteLength, words.length, node.length, mapping.buffer.byteLength]).toEqual([0, 0, 0, 0]);
  expect(words[0]).toBe(undefined);
  words[0] = 1;
  expect(() => Atomics.load(words, 0)).toThrow();
  expect(() => Atomics.store(words, 0, 1)).toThrow();
  expect(() => Atomics.notify(words, 0)).toThrow();
  expect(() => dataView.getInt32(0)).toThrow(TypeError);
});

test('closing one mapping leaves the others', () => {
  const memfd = freshMemfd();
  const [here, there] = [new Mapping(memfd, bytes), new Mapping(memfd, bytes)];
  new Uint8Array(here.buffer)[0] = 5;
  here.close();
  expect(new Uint8Array(there.buffer)[0]).toBe(5);
});

test('JIT-compiled code that held a view meets an empty one', () => {
  const mapping = new Mapping(freshMemfd(), bytes);
  const words = new Int32Array(mapping.buffer);
  function sum(): number {
    let total = 0;
    for (let i = 0; i < 1024; i++) total += words[i] ?? 0;
    return total;
  }
  words.fill(1);
  for (let i = 0; i < 10_000; i++) sum();
  mapping.close();
  expect(sum()).toBe(0);
});

test('the size must be that of the memfd', () => {
  const memfd = freshMemfd();
  const refused = expect.objectContaining({ code: 'EINVAL', syscall: 'mmap' });
  for (const wrong of [1, 4096, bytes - 1, bytes + 1, bytes + 4096, 2 ** 32]) {
    expect(() => new Mapping(memfd, wrong)).toThrow(refused);
  }
  for (const wrong of [0, -1, 1.5, Number.NaN, 2 ** 32 + 1]) {
    expect(() => new Mapping(memfd, wrong)).toThrow(RangeError);
  }
});

test('a peer’s memfd that it could truncate is refused', () => {
  const peer = new PythonPeer(`
for seals in [0, fcntl.F_SEAL_SHRINK, fcntl.F_SEAL_GROW, fcntl.F_SEAL_SEAL]:
    fd = os.memfd_create('leasewire-test', os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, 4096)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
    socket.send_fds(s, [b'x'], [fd])
`);
  for (let i = 0; i < 4; i++) {
    const refused = expect.objectContaining({ code: 'EPERM' });
    expect(() => new Mapping(peer.takeDescriptor(), 4096)).toThrow(refused);
  }
});

test('a peer’s memfd that can not be written is refused', () => {
  const peer = new PythonPeer(`
fd = os.memfd_create('leasewire-test', os.MFD_ALLOW_SEALING)
os.ftruncate(fd, 4096)
fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
socket.send_fds(s, [b'x'], [os.open(f'/proc/self/fd/{fd}', os.O_RDONLY)])
`);
  expect(() => new Mapping(peer.takeDescriptor(), 4096)).toThrow(expect.objectContaining({ code: 'EACCES' }));
});

test('other kinds of file, and closed descriptors, are refused', () => {
  expect(() => new Mapping(new Doorbell().descriptor, 4096)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
  const memfd = freshMemfd();
  memfd.close();
  expect(() => new Mapping(memfd, bytes)).toThrow(expect.objectContaining({ code: 'EBADF' }));
});

test('the buffer can not be moved to another thread', () => {
  const mapping = new Mapping(freshMemfd(), bytes);
  try {
    structuredClone(mapping.buffer, { transfer: [mapping.buffer] });
  } catch {
    // Newer Nodes throw; older ones copy.
  }
  expect(mapping.buffer.byteLength).toBe(bytes);
});

test('a buffer moved within the thread is revoked all the same', () => {
  const text = `
    import { check, createMapping } from './addon.mjs';
    const mapping = createMapping();
    new Uint8Array(mapping.buffer).fill(7);
    const moved = mapping.buffer.transfer();
    check(new Uint8Array(moved)[0] === 7, 'moved');
    mapping.close();
    const view = new Uint8Array(moved);
    check(view[0] === undefined || view[0] === 0, 'revoked');
    view[0] = 1;
    console.log('ok');`;
  // Node 20 has ArrayBuffer.prototype.transfer behind a flag, later ones have it without.
  const flags = process.version.startsWith('v20.') ? '--harmony-rab-gsab-transfer' : '';
  expect(runText(text, { flags })).toMatchObject({ status: 0, stdout: 'ok\n' });
});

test('work that Node does on other threads survives the close', () => {
  const text = `
    import { randomFill } from 'node:crypto';
    import { createMapping } from './addon.mjs';
    let left = 20;
    for (let i = 0; i < 20; i++) {
      const mapping = createMapping(1 << 24);
      randomFill(new Uint8Array(mapping.buffer), () => {
        if (--left === 0) console.log('ok');
      });
      mapping.close();
    }`;
  expect(runText(text)).toMatchObject({ status: 0, stdout: 'ok\n' });
});

test('opening and closing without a turn of the event loop uses up no mappings', () => {
  const text = `
    import { addon } from './addon.mjs';
    const memfd = addon.createSealedMemfd('leasewire-test', 4096, false);
    for (let i = 0; i < 100_000; i++) new addon.Mapping(memfd, 4096).close();
    console.log('ok');`;
  expect(runText(text)).toMatchObject({ status: 0, stdout: 'ok\n' });
});
