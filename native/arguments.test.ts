import { unlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  createSealedMemfd,
  Descriptor,
  Doorbell,
  inspectMemfd,
  Mapping,
  SeqpacketListener,
  SeqpacketSocket,
  waitReadable,
} from './index.ts';
import { freshPath } from './test-programs/run.test.support.ts';

const path = freshPath();
const memfd = createSealedMemfd('leasewire-test', 4096, false);
const listener = new SeqpacketListener(path, 1);
const instances = {
  Descriptor: memfd,
  Mapping: new Mapping(memfd, 4096),
  Doorbell: new Doorbell(),
  SeqpacketListener: listener,
  SeqpacketSocket: new SeqpacketSocket(path),
};
unlinkSync(path);

const classes = { Descriptor, Mapping, Doorbell, SeqpacketListener, SeqpacketSocket };

/** Things that are no argument of anything, and things that pretend to be. */
const junk: unknown[] = [
  null,
  true,
  Symbol('junk'),
  10n,
  {},
  [],
  [{}],
  [null],
  new Array(3),
  () => {},
  new Proxy(memfd, {}),
  new Proxy([], {}),
  Object.create(memfd),
  Object.create(Object.getPrototypeOf(memfd)),
  { __proto__: null },
  new ArrayBuffer(8),
  new Float64Array(4),
  new DataView(new ArrayBuffer(8)),
  new Date(),
  Number.NaN,
  -1,
  '',
  'junk\0',
];

/** Runs `call`, which may succeed, fail in a typed way, or be refused; anything else ends the process. */
function survives(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    const typed =
      error instanceof TypeError || error instanceof RangeError || (error instanceof Error && 'errno' in error);
    expect(typed).toBe(true);
  }
}

const call = (target: unknown, receiver: unknown, args: readonly unknown[]): unknown =>
  Reflect.apply(target as () => unknown, receiver, args);

const construct = (target: unknown, args: readonly unknown[]): unknown =>
  Reflect.construct(target as new () => unknown, args);

test('anything but a Descriptor where one belongs is a TypeError', () => {
  for (const wrong of [...junk, undefined, instances.Mapping, instances.Doorbell, listener, 3]) {
    expect(() => call(inspectMemfd, undefined, [wrong])).toThrow(TypeError);
    expect(() => construct(Mapping, [wrong, 4096])).toThrow(TypeError);
    if (wrong !== undefined) expect(() => construct(Doorbell, [wrong])).toThrow(TypeError);
    const { send } = instances.SeqpacketSocket;
    expect(() => call(send, instances.SeqpacketSocket, [new Uint8Array(1), [wrong]])).toThrow(TypeError);
  }
});

test('anything but something Readable in waitReadable() is a TypeError', () => {
  for (const wrong of [...junk, undefined, instances.Mapping, memfd, 3]) {
    expect(() => call(waitReadable, undefined, [[wrong], 0])).toThrow(TypeError);
    expect(() => call(waitReadable, undefined, [[instances.Doorbell, wrong], 0])).toThrow(TypeError);
  }
});

test('bytes to send are a Uint8Array', () => {
  for (const wrong of [...junk, undefined, 'text', [1, 2], new Uint8ClampedArray(1), new Int8Array(1)]) {
    expect(() => call(instances.SeqpacketSocket.send, instances.SeqpacketSocket, [wrong, []])).toThrow(TypeError);
  }
});

test('numbers are numbers, strings strings, booleans booleans, functions functions', () => {
  for (const wrong of [undefined, null, '4096', 4096n, {}, [4096], true]) {
    expect(() => construct(Mapping, [memfd, wrong])).toThrow(TypeError);
    expect(() => call(createSealedMemfd, undefined, ['x', wrong, false])).toThrow(TypeError);
    expect(() => construct(SeqpacketListener, ['x', wrong])).toThrow(TypeError);
    expect(() => call(instances.SeqpacketSocket.receive, instances.SeqpacketSocket, [wrong, 0])).toThrow(TypeError);
    expect(() => call(instances.SeqpacketSocket.receive, instances.SeqpacketSocket, [1, wrong])).toThrow(TypeError);
    expect(() => call(waitReadable, undefined, [[], wrong])).toThrow(TypeError);
  }
  for (const wrong of [undefined, null, 1, {}, ['x'], Symbol('x')]) {
    expect(() => call(createSealedMemfd, undefined, [wrong, 4096, false])).toThrow(TypeError);
    expect(() => construct(SeqpacketListener, [wrong, 1])).toThrow(TypeError);
    expect(() => construct(SeqpacketSocket, [wrong])).toThrow(TypeError);
    expect(() => call(instances.Doorbell.watch, instances.Doorbell, [wrong])).toThrow(TypeError);
  }
  for (const wrong of [undefined, null, 1, 'true', {}]) {
    expect(() => call(createSealedMemfd, undefined, ['x', 4096, wrong])).toThrow(TypeError);
  }
});

test('a Descriptor can not be made by JavaScript', () => {
  expect(() => construct(Descriptor, [])).toThrow(TypeError);
  expect(() => construct(Descriptor, [3])).toThrow(TypeError);
  expect(() => construct(class extends Descriptor {}, [])).toThrow(TypeError);
  expect(() => Reflect.construct(Object, [], Descriptor as never)).not.toThrow();
  expect(() => call(inspectMemfd, undefined, [Reflect.construct(Object, [], Descriptor as never)])).toThrow(TypeError);
});

test('classes are called with new, and only so', () => {
  for (const type of Object.values(classes)) {
    for (const receiver of [undefined, {}, ...Object.values(instances)]) {
      expect(() => call(type, receiver, [memfd, 4096])).toThrow(TypeError);
    }
  }
});

test('subclasses are instances like any other', () => {
  class Gong extends Doorbell {
    readonly loud = true;
  }
  const gong = new Gong();
  gong.ring();
  expect([gong.loud, gong.drain(), gong instanceof Doorbell, waitReadable([gong], 0)]).toEqual([true, true, true, 0]);
  gong.close();
});

test('what an object is does not follow from its prototype', () => {
  const impostor = Reflect.construct(Mapping as never, [memfd, 4096], Doorbell as never) as Doorbell;
  expect(impostor).toBeInstanceOf(Doorbell);
  expect(() => impostor.ring()).toThrow(TypeError);
  expect(() => impostor.closed).toThrow(TypeError);
  expect(() => waitReadable([impostor], 0)).toThrow(TypeError);
  call(Mapping.prototype.close, impostor, []);

  const bell = new Doorbell();
  Object.setPrototypeOf(bell, Mapping.prototype);
  expect(() => call(Mapping.prototype.close, bell, [])).toThrow(TypeError);
  expect(() => (bell as unknown as Mapping).closed).toThrow(TypeError);
});

test('every method and getter refuses every foreign receiver', () => {
  for (const [name, type] of Object.entries(classes)) {
    const members = Object.entries(Object.getOwnPropertyDescriptors(type.prototype as object));
    expect(members.length).toBeGreaterThan(2);
    for (const [member, { value, get }] of members) {
      if (member === 'constructor') continue;
      for (const [other, receiver] of [...Object.entries(instances), ...Object.entries(junk)]) {
        if (other === name) continue;
        expect(() => call(value ?? get, receiver, [])).toThrow(TypeError);
      }
    }
  }
});

test('no arguments at all are survived by everything', () => {
  for (const [name, type] of Object.entries(classes)) {
    survives(() => construct(type, []));
    const members = Object.entries(Object.getOwnPropertyDescriptors(type.prototype as object));
    for (const [member, { value }] of members) {
      if (member === 'constructor' || member === 'close' || typeof value !== 'function') continue;
      survives(() => call(value, instances[name as keyof typeof instances], []));
    }
  }
  for (const target of [createSealedMemfd, inspectMemfd, waitReadable]) survives(() => call(target, undefined, []));
});

test('every function and method survives junk in every place', () => {
  const targets: [unknown, unknown, number][] = [
    [createSealedMemfd, undefined, 3],
    [inspectMemfd, undefined, 1],
    [waitReadable, undefined, 2],
    [instances.SeqpacketSocket.send, instances.SeqpacketSocket, 2],
    [instances.SeqpacketSocket.receive, instances.SeqpacketSocket, 2],
    [listener.accept, listener, 1],
    [instances.Doorbell.ring, instances.Doorbell, 1],
    [instances.Doorbell.drain, instances.Doorbell, 1],
    [instances.Doorbell.unwatch, instances.Doorbell, 1],
  ];
  for (const [target, receiver, count] of targets) {
    for (const first of junk) {
      for (const second of count > 1 ? junk : [undefined]) {
        survives(() => call(target, receiver, [first, second, false]));
      }
    }
  }
});
