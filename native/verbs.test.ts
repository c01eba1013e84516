// Verbs where there is no device, or no library: what is asked for wrongly is refused in a typed way, and the rest runs.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  CompletionQueue,
  createSealedMemfd,
  Mapping,
  MemoryRegion,
  ProtectionDomain,
  QueuePair,
  RemoteRegion,
  VerbsContext,
} from './index.ts';
import { runText } from './test-programs/run.test.support.ts';

const folder = import.meta.dirname;

const open = `
import { addon } from './addon.mjs';
try {
  new addon.VerbsContext('no-such-device', 1, 0);
} catch (error) {
  console.log(error.code, error.errno, error.syscall, error instanceof Error);
}
const mapping = new addon.Mapping(addon.createSealedMemfd('leasewire-test', 4096, false), 4096);
console.log(mapping.buffer.byteLength);
`;
/** In a mount namespace of its own, where libibverbs is not to be found. */
const hideLibrary = `
for each in /usr/lib/*/libibverbs.so.1 /lib/*/libibverbs.so.1 /usr/lib64/libibverbs.so.1 /usr/lib/libibverbs.so.1; do
  [ -e "$each" ] && mount --bind /dev/null "$each"
done
`;
const mayUnshare = spawnSync('unshare', ['-m', 'true']).status === 0;
const hasDevices = existsSync('/sys/class/infiniband');

test.skipIf(!mayUnshare)('without libibverbs a context is ENOSYS, and everything else runs', () => {
  const script = `${hideLibrary}\nexec "$0" --input-type=module -e "$1"`;
  const args = ['-m', 'bash', '-c', script, process.execPath, open];
  const cwd = join(folder, 'test-programs');
  const { stdout, stderr } = spawnSync('unshare', args, { cwd, encoding: 'utf8' });
  expect({ stdout, stderr }).toEqual({ stdout: 'ENOSYS 38 dlopen true\n4096\n', stderr: '' });
});

test('a device that is not there is ENODEV, or ENOSYS where there is no library', () => {
  expect(runText(open)).toEqual({
    status: 0,
    stdout: expect.stringMatching(/^(ENODEV 19 ibv_(get_device_list|open_device)|ENOSYS 38 dlopen) true\n4096\n$/),
    stderr: '',
  });
});

test.skipIf(hasDevices)('no devices are listed where there are none', () => {
  const list = `
import { listRdmaDevices } from '../../dist/native/index.js';
console.log(JSON.stringify(listRdmaDevices()));
`;
  expect(runText(list)).toEqual({ status: 0, stdout: '[]\n', stderr: '' });
});

const call = (target: unknown, receiver: unknown, args: readonly unknown[]): unknown =>
  Reflect.apply(target as () => unknown, receiver, args);
const construct = (target: unknown, args: readonly unknown[]): unknown =>
  Reflect.construct(target as new () => unknown, args);

const remote = new RemoteRegion(4096n, 7, 64);
const memfd = createSealedMemfd('leasewire-test', 4096, false);
const mapping = new Mapping(memfd, 4096);
const junk: unknown[] = [
  undefined,
  null,
  true,
  3,
  10n,
  'junk',
  Symbol('junk'),
  {},
  [],
  () => {},
  remote,
  memfd,
  mapping,
];

test('a remote region is what a peer may say, and no more', () => {
  expect([remote.address, remote.rkey, remote.bytes]).toEqual([4096n, 7, 64]);
  const last = new RemoteRegion(2n ** 64n - 65n, 0xffff_ffff, 64);
  expect([last.address, last.rkey]).toEqual([2n ** 64n - 65n, 0xffff_ffff]);
  for (const args of [
    [2n ** 64n - 1n, 0, 2],
    [2n ** 64n, 0, 1],
    [0n, 2 ** 32, 1],
    [0n, -1, 1],
    [0n, 0, 0.5],
    [0n, 0, 2 ** 53],
  ]) {
    expect(() => construct(RemoteRegion, args), String(args)).toThrow(RangeError);
  }
  for (const args of [[], [0, 0, 1], [0n, 0n, 1], [0n, 0], [{}, 0, 1]]) {
    expect(() => construct(RemoteRegion, args)).toThrow(TypeError);
  }
  expect(() => Object.assign(remote, { bytes: 2 ** 40 })).toThrow(TypeError);
});

test('a context is asked for with a name and two small numbers', () => {
  for (const args of [[], [3, 1, 0], ['a\0b', 1, 0], ['a'], ['a', '1', 0], ['a', 1, 0n]]) {
    expect(() => construct(VerbsContext, args)).toThrow(TypeError);
  }
  for (const args of [
    ['a', 0, 0],
    ['a', 256, 0],
    ['a', 1, -1],
    ['a', 1, 256],
    ['a', 1.5, 0],
  ]) {
    expect(() => construct(VerbsContext, args)).toThrow(RangeError);
  }
});

test('what is made from a context, a domain or a queue takes nothing else for one', () => {
  for (const wrong of junk) {
    expect(() => construct(ProtectionDomain, [wrong])).toThrow(TypeError);
    expect(() => construct(CompletionQueue, [wrong, 16])).toThrow(TypeError);
    expect(() => construct(MemoryRegion, [wrong, mapping.buffer, 0, 4096, {}])).toThrow(TypeError);
    expect(() => construct(QueuePair, [wrong, wrong, {}])).toThrow(TypeError);
  }
});

test('no member runs on an object of another class, nor without `new`', () => {
  for (const each of [VerbsContext, ProtectionDomain, MemoryRegion, RemoteRegion, CompletionQueue, QueuePair]) {
    expect(() => call(each, undefined, [])).toThrow(TypeError);
    for (const name of Object.getOwnPropertyNames(each.prototype).filter((key) => key !== 'constructor')) {
      const { value, get } = Object.getOwnPropertyDescriptor(each.prototype, name) ?? {};
      for (const wrong of [...junk, Object.create(each.prototype)]) {
        expect(() => call(value ?? get, wrong, []), `${each.name}.${name}`).toThrow(TypeError);
      }
    }
  }
});
