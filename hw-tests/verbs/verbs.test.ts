// Verbs on the RDMA device of one node. What each scenario shows is said in scenarios-*.ts.
import { afterEach, describe, expect, test } from 'vitest';
import { compiled } from '../local/place.ts';
import { longEnvironment } from '../long.ts';
import { bundledProgram } from '../rig/node-programs.ts';
import { describeOnRig } from '../rig/on-rig.ts';
import type { RigNode } from '../rig/rig-node.ts';
import { dataScenarios } from './scenarios-data.ts';
import { failureScenarios } from './scenarios-failures.ts';

const program = (name: string) => ['--expose-gc', bundledProgram('hw-tests/verbs/scenario'), name];

/** What a device has when nobody uses it. */
const idle = /: pd 1 cq 1 qp 1 cm_id 0 mr 0 ctx 0 /;
const watchdogMs = 300_000;

describeOnRig('verbs', { nodes: 1 }, (rig) => {
  const a = (): RigNode => rig().node('a');
  const options = { env: longEnvironment, timeoutMs: watchdogMs };
  const run = async (name: string) => a().run(process.execPath, program(name), options);
  const succeeds = async (name: string) => {
    expect(await run(name)).toEqual({ code: 0, signal: null, stdout: `ok ${name}\n`, stderr: '' });
  };

  afterEach(async () => {
    expect((await a().run('rdma', ['resource', 'show'])).stdout).toMatch(idle);
  });

  test('the device is listed with what a connection needs to know', async () => {
    const script = 'import(process.argv[1]).then((native) => console.log(JSON.stringify(native.listRdmaDevices())))';
    const { stdout } = await a().run(process.execPath, ['-e', script, compiled('native/index')]);
    const [device, ...others] = JSON.parse(stdout) as [{ ports: [{ gids: unknown[] }] }];
    expect(others).toEqual([]);
    expect(device).toMatchObject({
      name: 'rxe0',
      ports: [{ port: 1, state: 'active', activeMtuBytes: 4096, linkLayer: 'ethernet' }],
    });
    expect(device.ports[0].gids).toContainEqual(
      expect.objectContaining({ index: 1, type: 'roce-v2', ipv4: a().address, netdev: 'eth0' }),
    );
  });

  describe('posts', () => {
    test.each(Object.keys(dataScenarios))('%s', succeeds, watchdogMs);
  });

  describe('failures', () => {
    test.each(Object.keys(failureScenarios))('%s', succeeds, watchdogMs);
  });

  describe('lifetimes', () => {
    test.each(['armAndWatch', 'blockAgain', 'loseQueue', 'churn', 'garbage', 'workers', 'exitAlive'])(
      '%s',
      succeeds,
      watchdogMs,
    );

    test('a process that is killed in the middle of work leaves nothing', async () => {
      const alive = a().start(process.execPath, program('waitAlive'));
      expect((await alive.lines().next()).value).toBe('alive');
      expect((await a().run('rdma', ['resource', 'show'])).stdout).not.toMatch(idle);
      alive.kill('SIGKILL');
      expect(await alive.exited).toMatchObject({ signal: 'SIGKILL' });
    });
  });

  test('a cable that is pulled, and put in again, is told', async () => {
    const watching = a().start(process.execPath, program('events'));
    const lines = watching.lines();
    expect((await lines.next()).value).toBe('watching');
    await a().linkDown();
    expect((await lines.next()).value).toBe('port-error false');
    await a().linkUp();
    expect((await lines.next()).value).toBe('port-active true');
    watching.stdin.write('\n');
    expect(await watching.exited).toEqual({ code: 0, signal: null });
  });
});
