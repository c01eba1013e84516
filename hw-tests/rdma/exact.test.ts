// What goes from node to node arrives to the byte, and additions from both at once are all there.
import { describe, expect, test } from 'vitest';
import { soaked } from '../long.ts';
import { bundledProgram } from '../rig/node-programs.ts';
import { describeOnRig } from '../rig/on-rig.ts';
import { holderEnvironment, homeEnvironment } from './places.ts';
import { RigProgram } from './rig-program.ts';

const seed = 20260731;
const calls = soaked(4000, 20_000);
const callsMsMax = 300_000;
const additions = soaked(20_000, 100_000);
const lanes = 32;

describeOnRig('between two nodes', { nodes: 2 }, (rig) => {
  const a = () => rig().node('a');
  const b = () => rig().node('b');

  test(`${calls} calls of random size carry what was sent, both ways`, { timeout: callsMsMax }, async () => {
    const server = new RigProgram(
      a(),
      bundledProgram('hw-tests/programs/exact-server'),
      [`${seed}`],
      homeEnvironment(a()),
    );
    const { url } = await server.hear('serving');
    const args = [`${seed}`, `${url}`, `${calls}`];
    const client = new RigProgram(b(), bundledProgram('hw-tests/programs/exact-client'), args, holderEnvironment(a()));
    const called = await client.hear('called', callsMsMax);
    const { count, bytes, tookMs, tooMany } = called;
    const [megabytes, seconds] = [Number(bytes) / 1e6, Number(tookMs) / 1000];
    console.log(`${count} calls with ${megabytes.toFixed(1)} MB of requests in ${seconds.toFixed(1)} s`);
    expect(Number(count)).toBeGreaterThanOrEqual(calls);
    expect(await server.hear('served')).toMatchObject({ count, received: called['sent'], sent: called['received'] });
    const refused = { name: 'PayloadTooLarge', mayHaveExecuted: false };
    expect(tooMany).toMatchObject([refused, refused, { untouched: true }]);
    await Promise.all([client.kill(), server.kill()]);
  });

  describe(`${additions} additions, ${lanes} of each node at a time`, () => {
    test('are all there, and no two saw the same', { timeout: callsMsMax }, async () => {
      const adder = bundledProgram('hw-tests/programs/exact-adder');
      const each = additions / 2;
      const home = new RigProgram(a(), adder, ['home', `${each}`, `${lanes}`], homeEnvironment(a()));
      const { url } = await home.hear('ready');
      const holder = new RigProgram(b(), adder, [`${url}`, `${each}`, `${lanes}`], holderEnvironment(a()));
      expect(await holder.hear('ready')).toMatchObject({ plane: 'rdma' });
      for (const side of [home, holder]) side.tell('go');
      const added = await Promise.all([home.hear('added', callsMsMax), holder.hear('added', callsMsMax)]);
      for (const side of added) expect(side).toMatchObject({ distinct: each, inOrder: true });
      const sum = added.reduce((total, side) => total + BigInt(String(side['sum'])), 0n);
      home.tell('word');
      expect(await home.hear('word')).toMatchObject({ word: `${additions}` });
      expect(sum).toBe((BigInt(additions) * BigInt(additions - 1)) / 2n);
      await Promise.all([holder.kill(), home.kill()]);
    });
  });
});
