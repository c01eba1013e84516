// Transcripts in the simulator: what was seen on the rig is allowed, and the comparison refuses what is not.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { describeRefusal, type JudgeOptions, judge } from './judge.ts';
import type { Script, Trace } from './script.ts';
import { scripts } from './scripts.ts';
import { type Bend, simulate } from './simulated.ts';

/** By script: every trace that two nodes with SoftRoCE have left. hw-tests/rdma/transcripts.test.ts records them. */
const recorded: Readonly<Record<string, readonly Trace[]>> = JSON.parse(
  readFileSync(new URL('rig-traces.json', import.meta.url), 'utf8'),
);

function scriptNamed(name: string): Script {
  const found = scripts.find((script) => script.name === name);
  if (found === undefined) throw new RangeError(`there is no script ${name}`);
  return found;
}

async function refusalOf(name: string, trace: Trace, options: JudgeOptions = {}): Promise<string | undefined> {
  const script = scriptNamed(name);
  const verdict = await judge(script, trace, options);
  return verdict.allowed ? undefined : describeRefusal(script, trace, verdict.instead);
}

/** The recorded trace of a script that has such a line. */
function recordedWith(name: string, line: string): Trace {
  const found = recorded[name]?.find((trace) => trace.includes(line));
  if (found === undefined) throw new RangeError(`no trace of ${name} has ${line}`);
  return found;
}

test('every script has a name of its own, and was seen on the rig', () => {
  const names = scripts.map(({ name }) => name);
  expect(Object.keys(recorded).sort()).toEqual([...new Set(names)].sort());
  expect(names).toHaveLength(new Set(names).size);
});

describe.each(scripts.map((script) => [script.name, script] as const))('%s', (name, script) => {
  test('leaves the same trace each time, if the seed is the same', async () => {
    expect(await simulate(script, 7)).toEqual(await simulate(script, 7));
  });

  test('may leave what the rig left', async () => {
    const traces = recorded[name] ?? [];
    if (script.determined) expect(traces).toHaveLength(1);
    for (const trace of traces) expect(await refusalOf(name, trace)).toBeUndefined();
  });
});

describe('refused is', () => {
  const calls = 'calls and their errors, slots layout';

  test('a trace with one line changed, less, or more', async () => {
    const trace = recorded[calls]?.[0] ?? [];
    const changed = trace.map((line) => line.replace('handler 42', 'handler 41'));
    expect(await refusalOf(calls, changed)).toContain('RemoteError handler 41", where the simulator allows');
    expect(await refusalOf(calls, trace.slice(0, -1))).toContain('seen "nothing more"');
    expect(await refusalOf(calls, [...trace, 'other: reads everything'])).toContain('allows "nothing more"');
    const [first = '', second = '', ...rest] = trace;
    expect(await refusalOf(calls, [second, first, ...rest])).toContain('where the simulator allows');
  });

  const models: readonly (readonly [string, string, string, Bend])[] = [
    [
      'reads at one instant',
      'reads of what is being written',
      'holder: read 20 times: some were mixed',
      ({ fabric }) => {
        fabric.tears = () => 0;
      },
    ],
    [
      'delivers what the dead have sent',
      'the holder is killed under writes to a home that is stopped',
      'home: sample of 16777216: part',
      ({ fabric }) => {
        fabric.outlives = () => 1;
      },
    ],
    [
      'never breaks a write off',
      'a cut under a long write',
      'home: sample of 8388608: part',
      ({ fabric }) => {
        Object.defineProperty(fabric, 'breaksOff', { get: () => () => false, set: () => undefined });
      },
    ],
  ];
  test.each(models)('what the rig left, by a model that %s', async (_how, name, line, bend) => {
    const trace = recordedWith(name, line);
    const verdict = await judge(scriptNamed(name), trace);
    // Many times more than it takes the model as it is.
    const seeds = verdict.allowed ? Math.max(20, 5 * verdict.seed) : 0;
    expect(await refusalOf(name, trace, { seeds, bend })).toContain('where the simulator allows');
  });
});
