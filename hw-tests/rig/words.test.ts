// What the rig says to others and hears from them, without any node: frames, archives, orders, impairments, hosts, logs.
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeFrame, encodeNumbers, encodeStart, FrameReader } from './agent-frames.ts';
import { parseOptions, parseOrder, UsageError } from './cli-words.ts';
import { encodeCpio } from './cpio.ts';
import { staticBusybox } from './debian-packages.ts';
import { netemArgs } from './impairment.ts';
import { kernelTroubles } from './kernel-log.ts';
import { parseHosts } from './real-hosts.ts';
import { quoted } from './shell-quote.ts';

describe('frames', () => {
  const frame = fc.record({
    kind: fc.nat(30),
    number: fc.nat(0xffff_ffff),
    payload: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  });

  test('are the same again, wherever the stream was cut', () => {
    fc.assert(
      fc.property(fc.array(frame), fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (frames, cuts) => {
        const stream = Buffer.concat(frames.map(({ kind, number, payload }) => encodeFrame(kind, number, payload)));
        const reader = new FrameReader();
        const read = [];
        for (let offset = 0, turn = 0; offset < stream.length; turn++) {
          const end = offset + (cuts[turn % cuts.length] ?? 1);
          read.push(...reader.read(stream.subarray(offset, end)));
          offset = end;
        }
        expect(read).toEqual(frames);
      }),
    );
  });

  test('have the bytes that the agent expects', () => {
    expect(encodeFrame(4, 258, encodeNumbers(9)).toString('hex')).toBe('0400000004000000020100000900' + '0000');
    const start = encodeStart({ cwd: '/', args: ['a', ''], env: { X: 'y' } });
    expect(start.toString('latin1')).toBe('\x02\0\0\0\x01\0\0\0/\0a\0\0X=y\0');
    expect(() => encodeStart({ cwd: '/', args: ['a\0b'], env: {} })).toThrow(RangeError);
  });
});

const busybox = staticBusybox() ?? '';

test.skipIf(busybox === '')('an archive holds its files and their folders', () => {
  const archive = encodeCpio([
    { path: 'init', bytes: Buffer.from('#!') },
    { path: 'deep/down/file', bytes: Buffer.alloc(1001, 'x') },
  ]);
  const listed = execFileSync(busybox, ['cpio', '-itv'], { input: archive, encoding: 'utf8', stdio: 'pipe' });
  const entries = listed
    .trim()
    .split('\n')
    .map((line) => line.replace(/^(\S+)\s+\S+\s+(\d+).* (\S+)$/, '$1 $2 $3'));
  expect(entries).toEqual([
    'drwxr-xr-x 0 deep',
    'drwxr-xr-x 0 deep/down',
    '-rwxr-xr-x 2 init',
    '-rwxr-xr-x 1001 deep/down/file',
  ]);
});

describe('orders', () => {
  test('are understood', () => {
    expect(parseOrder('a: ls  -l')).toEqual({ verb: 'run', node: 'a', command: 'ls  -l', beside: false });
    expect(parseOrder(' b:sleep 1 &')).toMatchObject({ verb: 'run', node: 'b', command: 'sleep 1 ', beside: true });
    expect(parseOrder('a: true &&')).toMatchObject({ command: 'true &&', beside: false });
    expect(parseOrder('link a down')).toEqual({ verb: 'link', node: 'a', up: false });
    expect(parseOrder('loss b 2.5')).toEqual({ verb: 'loss', node: 'b', percent: 2.5 });
    expect(parseOrder('delay a 10')).toEqual({ verb: 'delay', node: 'a', delayMs: 10, jitterMs: 0 });
    expect(parseOrder('kill b')).toEqual({ verb: 'kill', node: 'b' });
  });

  test.each([
    '',
    'ls',
    'foo a',
    'kill a b',
    'link a',
    'link a sideways',
    'loss a -1',
    'delay a 1 2 3',
    'a:',
    'loss a x',
  ])("'%s' is none", (line) => expect(() => parseOrder(line)).toThrow(UsageError));

  test('come from the command line too', () => {
    const options = parseOptions(['--nodes', '1', '--vcpus', '3', '--exec', 'a: true', '--exec', 'kill a']);
    expect(options).toMatchObject({ nodes: 1, vcpus: 3, help: false });
    expect(options.orders.map(({ verb }) => verb)).toEqual(['run', 'kill']);
    expect(parseOptions([])).toEqual({ nodes: 2, orders: [], help: false });
    for (const wrong of [['--nodes', '3'], ['--vcpus', 'two'], ['--what'], ['--exec', 'jump']]) {
      expect(() => parseOptions(wrong)).toThrow(UsageError);
    }
  });
});

test('impairments in the words of tc', () => {
  expect(netemArgs({})).toEqual([]);
  expect(netemArgs({ lossPercent: 5, delayMs: 10 })).toEqual(['delay', '10ms', '0ms', 'loss', '5%']);
  const all = { lossPercent: 1, delayMs: 2, jitterMs: 3, duplicatePercent: 4, reorderPercent: 5 };
  expect(netemArgs(all).join(' ')).toBe('delay 2ms 3ms loss 1% duplicate 4% reorder 5%');
  for (const wrong of [{ lossPercent: -1 }, { duplicatePercent: 101 }, { jitterMs: Number.POSITIVE_INFINITY }]) {
    expect(() => netemArgs(wrong)).toThrow(RangeError);
  }
});

test('real hosts', () => {
  expect(parseHosts('me@one/10.0.0.1, two:2222/10.0.0.2')).toEqual([
    { target: 'me@one', port: undefined, address: '10.0.0.1' },
    { target: 'two', port: 2222, address: '10.0.0.2' },
  ]);
  for (const wrong of ['one', 'one/', '-oProxyCommand=x/10.0.0.1', 'a b/10.0.0.1', 'one:x/10.0.0.1']) {
    expect(() => parseHosts(wrong)).toThrow(RangeError);
  }
});

test('any text is one word for a shell', () => {
  for (const text of ['', "it's", '$HOME `x` "y" \\', 'a\nb']) {
    expect(execFileSync('sh', ['-c', `printf %s ${quoted(text)}`], { encoding: 'utf8' })).toBe(text);
  }
});

test('trouble is found in a kernel’s log, and nothing else', () => {
  const fine =
    '[ 0.1] rdma_rxe: loaded\n[ 0.2] eth0 speed is unknown, defaulting to 1000\n[ 0.3] infiniband rxe0: set active\n[ 0.4] RCU CPU stall warnings suppressed (rcu_cpu_stall_suppress).';
  const bad = [
    '[ 1.0] WARNING: CPU: 0 PID: 12 at drivers/infiniband/sw/rxe/rxe_pool.c:116 rxe_pool_cleanup+0x1/0x2 [rdma_rxe]',
    '[ 1.1] BUG: kernel NULL pointer dereference, address: 0000000000000000',
    '[ 1.2] INFO: task x:1 blocked for more than 120 seconds.',
  ];
  expect(kernelTroubles([fine, ...bad].join('\n'))).toEqual(bad);
});
