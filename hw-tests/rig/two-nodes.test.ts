// Two virtual machines with RDMA between them.
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { NodeFailed } from './errors.ts';
import type { NodeProcess } from './node-process.ts';
import { describeOnRig } from './on-rig.ts';
import type { RigNode } from './rig-node.ts';

const RUN_MS_MAX = 60_000;

/** Share of lost packets, and round trips in milliseconds, sorted. */
async function ping(
  from: RigNode,
  to: RigNode,
  count: number,
): Promise<{ lossPercent: number; roundTripsMs: number[] }> {
  const { stdout } = await from.run('ping', ['-c', `${count}`, '-i', '0.1', '-W', '1', to.address]);
  const lossPercent = Number(/([\d.]+)% packet loss/.exec(stdout)?.[1]);
  const roundTripsMs = [...stdout.matchAll(/time=([\d.]+) ms/g)].map(([, ms]) => Number(ms));
  return { lossPercent, roundTripsMs: roundTripsMs.sort((x, y) => x - y) };
}

/** Starts a server there and its client here once the server listens. Both must end well. */
async function between(server: RigNode, client: RigNode, command: readonly string[]): Promise<string> {
  const { stdout, listening } = await clientOf(server, client, command);
  expect(await listening.exited).toEqual({ code: 0, signal: null });
  return stdout;
}

/** The client has ended well then. Its server may still wait. */
async function clientOf(
  server: RigNode,
  client: RigNode,
  command: readonly string[],
): Promise<{ stdout: string; listening: NodeProcess }> {
  const [program = '', ...args] = command;
  const listening = server.start(program, args);
  const listens = `until ss -Htln | grep -q :18515; do sleep 0.05; done`;
  expect(await server.run('sh', ['-c', listens], { timeoutMs: RUN_MS_MAX })).toMatchObject({ code: 0 });
  const done = await client.run(program, [...args, server.address], { timeoutMs: RUN_MS_MAX });
  expect(done).toMatchObject({ code: 0, signal: null });
  return { stdout: done.stdout, listening };
}

describeOnRig('two nodes', { nodes: 2, hosts: '' }, (rig) => {
  const a = () => rig().node('a');
  const b = () => rig().node('b');

  test('have names, addresses and processors of their own', async () => {
    const identify = (node: RigNode) => node.run('sh', ['-c', 'hostname; nproc; getent hosts a b | sort']);
    const { stdout } = await identify(a());
    expect(stdout).toMatch(/^a\n1\n10\.77\.0\.1\s+a\n10\.77\.0\.2\s+b\n$/);
    expect((await identify(b())).stdout).toMatch(/^b\n1\n/);
    expect([a().address, b().address]).toEqual(['10.77.0.1', '10.77.0.2']);
  });

  test('reach each other', async () => {
    expect(await ping(a(), b(), 3)).toMatchObject({ lossPercent: 0 });
    expect(await ping(b(), a(), 3)).toMatchObject({ lossPercent: 0 });
  });

  test('have an active port of MTU 4096 and a RoCE v2 address at index 1', async () => {
    const { stdout } = await a().run('ibv_devinfo', ['-v', '-d', 'rxe0']);
    expect(stdout).toMatch(/state:\s+PORT_ACTIVE/);
    expect(stdout).toMatch(/active_mtu:\s+4096/);
    expect(stdout).toMatch(/GID\[\s*1\]:\s+::ffff:10\.77\.0\.1, RoCE v2/);
  });

  test('send to each other over RDMA', async () => {
    const sent = await between(b(), a(), ['ibv_rc_pingpong', '-g', '1', '-n', '200']);
    expect(sent).toMatch(/^200 iters in/m);
  });

  test('write into each other’s memory over RDMA', async () => {
    const command = ['ib_write_lat', '-d', 'rxe0', '-x', '1', '-s', '64', '-n', '500', '--output=latency'];
    const typicalUs = Number((await between(a(), b(), command)).trim());
    expect(typicalUs).toBeGreaterThan(1);
    expect(typicalUs).toBeLessThan(50_000);
  });

  test('lose their link and get it back', async () => {
    const portState = async () => (await a().run('cat', ['/sys/class/infiniband/rxe0/ports/1/state'])).stdout.trim();
    await a().linkDown();
    expect(await portState()).toBe('1: DOWN');
    expect(await ping(b(), a(), 2)).toMatchObject({ lossPercent: 100 });
    await a().linkUp();
    expect(await portState()).toBe('4: ACTIVE');
    expect(await ping(b(), a(), 2)).toMatchObject({ lossPercent: 0 });
    await between(b(), a(), ['ibv_rc_pingpong', '-g', '1', '-n', '20']);
  });

  describe('impaired', () => {
    test('lose packets', async () => {
      await a().impair({ lossPercent: 100 });
      expect(await ping(a(), b(), 3)).toMatchObject({ lossPercent: 100 });
      await a().clearImpairment();
      expect(await ping(a(), b(), 3)).toMatchObject({ lossPercent: 0 });
    });

    test('are late, by no less than was asked for', async () => {
      await b().impair({ delayMs: 200, jitterMs: 20 });
      const { roundTripsMs } = await ping(a(), b(), 5);
      expect(roundTripsMs).toHaveLength(5);
      expect(roundTripsMs[0]).toBeGreaterThan(150);
      await b().clearImpairment();
      expect((await ping(a(), b(), 5)).roundTripsMs[0]).toBeLessThan(150);
    });

    test('send twice, and out of order', async () => {
      await b().impair({ duplicatePercent: 100, reorderPercent: 50, delayMs: 300 });
      const { stdout } = await a().run('ping', ['-c', '12', '-i', '0.1', '-W', '1', b().address]);
      await b().clearImpairment();
      expect(stdout).toMatch(/\(DUP!\)/);
      const order = [...stdout.matchAll(/icmp_seq=(\d+)/g)].map(([, sequence]) => Number(sequence));
      expect(order).not.toEqual([...order].sort((x, y) => x - y));
    });

    test('RDMA goes on in spite of lost packets', async () => {
      await a().impair({ lossPercent: 3 });
      const { listening } = await clientOf(b(), a(), ['ibv_rc_pingpong', '-g', '1', '-n', '50']);
      await a().clearImpairment();
      // Once in some 50 runs its last acknowledgement is lost, with a client behind it that is gone: it waits for ever.
      listening.kill('SIGKILL');
      await listening.exited;
    });

    test('are left as they are by what makes no sense', async () => {
      await expect(a().impair({ lossPercent: 101 })).rejects.toThrow(RangeError);
      await expect(a().impair({ delayMs: Number.NaN })).rejects.toThrow(RangeError);
      await expect(a().impair({ reorderPercent: 10 })).rejects.toThrow('needs a delayMs');
      await a().clearImpairment();
      expect(await ping(a(), b(), 2)).toMatchObject({ lossPercent: 0 });
    });
  });

  test('a frozen node is silent, and goes on where it was', async () => {
    const counting = b().start('sh', ['-c', 'while :; do echo tick; sleep 0.05; done']);
    const ticks = counting.lines();
    await ticks.next();
    b().freeze();
    expect(await ping(a(), b(), 3)).toMatchObject({ lossPercent: 100 });
    await expect(b().linkDown()).rejects.toThrow(NodeFailed);
    const late = b().run('echo', ['thawed']);
    expect(await Promise.race([late, setTimeout(500, 'nothing')])).toBe('nothing');
    b().thaw();
    expect(await late).toMatchObject({ code: 0, stdout: 'thawed\n' });
    expect(await ping(a(), b(), 3)).toMatchObject({ lossPercent: 0 });
    await ticks.next();
    counting.kill('SIGKILL');
    expect(await counting.exited).toEqual({ code: null, signal: 'SIGKILL' });
  });
});
