// What a campaign reaches of the code: by hand, and of two real runs.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { BlockMap } from './block-map.ts';

describe('blocks', () => {
  const range = (startOffset: number, endOffset: number, count: number) => ({ startOffset, endOffset, count });
  const functionOf = (...ranges: ReturnType<typeof range>[]) => ({ functionName: '', ranges });
  const summary = (map: BlockMap) => map.blocks.map(({ from, to, reached, runs }) => [from, to, reached, runs]);

  test('are cut where one ran and the next did not, and inherit what was known of the whole', () => {
    const map = new BlockMap(100);
    map.add([functionOf(range(0, 100, 1))], undefined);
    map.add([functionOf(range(10, 50, 3), range(20, 30, 0))], ['freeze']);
    map.add([functionOf(range(10, 50, 1), range(40, 45, 2))], ['crash', 'freeze']);
    expect(summary(map)).toEqual([
      [0, 10, true, 0],
      [10, 20, true, 2],
      [20, 30, true, 1],
      [30, 40, true, 2],
      [40, 45, true, 2],
      [45, 50, true, 2],
      [50, 100, true, 0],
    ]);
    expect(map.blocks[2]?.runsWith).toEqual(
      new Map([
        ['crash', 1],
        ['freeze', 1],
      ]),
    );
    expect(map.blocks[1]?.runsWith).toEqual(
      new Map([
        ['freeze', 2],
        ['crash', 1],
      ]),
    );
  });

  test('of a function are its own, whatever ran around it', () => {
    const map = new BlockMap(50);
    map.add([functionOf(range(5, 40, 1)), functionOf(range(10, 20, 0))], []);
    map.add([functionOf(range(10, 20, 0)), functionOf(range(5, 40, 7))], []);
    expect(summary(map)).toEqual([
      [0, 5, false, 0],
      [5, 10, true, 2],
      [10, 20, false, 0],
      [20, 40, true, 2],
      [40, 50, false, 0],
    ]);
  });
});

test('a campaign says what it has reached, what not, and with which faults', async () => {
  const program = fileURLToPath(new URL('../../dist/sim/campaign/cli.js', import.meta.url));
  const args = [program, '--seeds', '2', '--workloads', 'rpc', '--reach'];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const share = /(\d+) of (\d+) blocks of bridge reached in 2 runs/.exec(stdout);
  const [reached, all] = [Number(share?.[1]), Number(share?.[2])];
  expect(reached).toBeGreaterThan(all / 2);
  expect(reached).toBeLessThan(all);
  expect(stdout).toMatch(/100 % +\d+ of +\d+ {2}bridge\/agent\/holder-keys\.ts/);
  // A lease of no bytes is asked for by nobody here; that it is refused stands where the source says.
  expect(stdout).toMatch(/! bridge\/agent\/agent\.ts:\d+ {2}throw new RangeError\(`a lease has from 1 to/);
  expect(stdout).toContain('rare blocks, and the faults of the runs that reached them: a slow network');
}, 60_000);
