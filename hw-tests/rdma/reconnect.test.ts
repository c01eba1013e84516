// Sessions that are lost on the way, while both ends live, come back by themselves within their lease's time.
import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { isLong } from '../long.ts';
import { bundledProgram } from '../rig/node-programs.ts';
import { describeOnRig } from '../rig/on-rig.ts';
import type { RigNode } from '../rig/rig-node.ts';
import { holderEnvironment, homeEnvironment } from './places.ts';
import { RigProgram } from './rig-program.ts';

interface Ended {
  readonly right: readonly number[];
  readonly failed: readonly { readonly number: number; readonly name: string; readonly mayHaveExecuted: boolean }[];
  readonly reads: { readonly right: number; readonly wrong: number; readonly failed: readonly object[] };
  readonly slowestMs: number;
  readonly status: string;
}

interface Tally {
  readonly executed: readonly number[];
  readonly repeated: readonly number[];
}

describeOnRig('sessions that come back', { nodes: 2 }, (rig) => {
  const a = () => rig().node('a');
  const b = () => rig().node('b');
  const programs: RigProgram[] = [];

  function start(node: RigNode, name: string, args: readonly string[], env: Record<string, string>): RigProgram {
    const program = new RigProgram(node, bundledProgram(`hw-tests/programs/${name}`), args, env);
    programs.push(program);
    return program;
  }

  afterEach(async () => {
    await Promise.all(programs.splice(0).map((program) => program.kill()));
  });

  const faults: Readonly<Record<string, () => Promise<unknown>>> = {
    'the link is down for 3 s': async () => {
      await a().linkDown();
      await setTimeout(3000);
      await a().linkUp();
    },
    'every packet is lost for 3 s': async () => {
      await b().impair({ lossPercent: 100 });
      await setTimeout(3000);
      await b().clearImpairment();
    },
    'the control connection is cut': async () => {
      const cut = await b().run('ss', ['-K', 'state', 'established', 'dst', a().address]);
      expect(cut).toMatchObject({ code: 0, stderr: '' });
    },
  };

  const modes = ['once', 'idempotent'] as const;
  const cases = Object.entries(faults).map(([name, fault], index) => {
    const tried = modes.filter((_mode, at) => isLong || at === index % modes.length);
    return { name, fault, tried };
  });

  describe.each(cases)('$name', ({ name, fault, tried }) => {
    test.each(tried)('calls made %s', async (mode) => {
      const server = start(a(), 'counting-server', [], homeEnvironment(a()));
      const { url } = await server.hear('serving');
      const client = start(b(), 'enduring-client', [`${url}`, mode], holderEnvironment(a()));
      expect(await client.hear('attached')).toMatchObject({ plane: 'rdma' });
      client.tell('go');
      await setTimeout(500);
      await fault();
      await setTimeout(2000);
      client.tell('stop');
      const { right, failed, reads, slowestMs, status } = (await client.hear('ended')) as unknown as Ended;
      server.tell('tally');
      const { executed, repeated } = (await server.hear('tally')) as unknown as Tally;
      const ways = failed.map(({ name, mayHaveExecuted }) => `${name}, may have executed: ${mayHaveExecuted}`);
      console.log(
        `${name}, ${mode}: ${right.length} right, ${failed.length} failed (${[...new Set(ways)].join('; ')}), ` +
          `${repeated.length} executed again, ${reads.right} reads, the slowest call took ${slowestMs.toFixed(0)} ms`,
      );
      expect({ status, wrong: reads.wrong, failedReads: reads.failed }).toEqual({
        status: 'active',
        wrong: 0,
        failedReads: [],
      });
      expect(new Set(executed)).toEqual(new Set([...executed, ...right]));
      const last = right.at(-1) ?? 0;
      expect(last).toBeGreaterThan(failed.at(-1)?.number ?? 0);
      if (mode === 'idempotent') expect(failed).toEqual([]);
      else expect(repeated).toEqual([]);
      for (const { name, mayHaveExecuted } of failed) {
        expect({ name, mayHaveExecuted }).toEqual({ name: 'Disconnected', mayHaveExecuted: true });
      }
    });
  });
});
