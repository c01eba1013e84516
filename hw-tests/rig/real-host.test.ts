// A real host over SSH: this machine, through an sshd of the test's own, with keys of its own.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compiled } from '../local/place.ts';
import { isLong } from '../long.ts';
import { ensurePackages } from './debian-packages.ts';
import { BootFailed, CommandNotStarted, NodeGone, NotOnARealHost, RigError, RigUnavailable } from './errors.ts';
import { describeOnRig } from './on-rig.ts';
import { Rig } from './rig.ts';
import type { RigNode } from './rig-node.ts';

const SSHD = '/usr/sbin/sshd';
const START_MS_MAX = 120_000;

const lacking = await ensureSshd();
if (lacking !== undefined) console.error(`SKIPPED: a real host over SSH: ${lacking}`);

/** What is missing, if anything is. Where systemd runs, installing it would start it for good: not a test's to decide. */
async function ensureSshd(): Promise<string | undefined> {
  if (!existsSync(SSHD) && existsSync('/run/systemd/system')) return 'install openssh-server';
  try {
    await ensurePackages({ 'openssh-server': SSHD, 'openssh-client': 'ssh', 'g++': 'g++' });
    return undefined;
  } catch (error) {
    if (!(error instanceof RigError)) throw error;
    return error.message;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

interface SshPlace {
  readonly port: number;
  readonly listenAddress: string;
  /** Instead of the user's own. */
  readonly cache?: string;
}

/** The files of an sshd that serves this user alone, and of its client, all in that folder. */
function configureSsh(folder: string, { port, listenAddress, cache }: SshPlace): void {
  for (const key of ['host', 'user']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, key)]);
  }
  const server = [
    `Port ${port}\nListenAddress ${listenAddress}\nHostKey ${folder}/host\nAuthorizedKeysFile ${folder}/user.pub`,
    'StrictModes no\nUsePAM no\nPidFile none\nPasswordAuthentication no',
    ...(cache === undefined ? [] : [`SetEnv XDG_CACHE_HOME=${cache}`]),
  ];
  writeFileSync(join(folder, 'sshd_config'), `${server.join('\n')}\n`);
  const client = [
    `IdentityFile ${folder}/user\nIdentitiesOnly yes\nUserKnownHostsFile ${folder}/known`,
    `Port ${port}\nStrictHostKeyChecking accept-new\nLogLevel ERROR`,
  ];
  writeFileSync(join(folder, 'ssh_config'), `${client.join('\n')}\n`);
}

async function startSshd(folder: string): Promise<ChildProcess> {
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const sshd = spawn(SSHD, ['-D', '-e', '-f', join(folder, 'sshd_config')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  const ended = once(sshd, 'close').then(() => Promise.reject(new Error(`sshd ended: ${said}`)));
  ended.catch(() => undefined);
  const listening = new Promise<void>((resolve) => {
    sshd.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('Server listening')) resolve();
    });
  });
  await Promise.race([listening, ended]);
  return sshd;
}

describe.skipIf(lacking !== undefined)('a real host', () => {
  const folder = mkdtempSync(join(tmpdir(), 'leasewire-sshd-'));
  const cache = join(folder, 'cache', 'leasewire', 'rig');
  let sshd: ChildProcess;
  let hosts: string;
  let rig: Rig;
  let a: RigNode;

  beforeAll(async () => {
    configureSsh(folder, { port: await freePort(), listenAddress: '127.0.0.1', cache: join(folder, 'cache') });
    sshd = await startSshd(folder);
    process.env['LEASEWIRE_RIG_SSH_CONFIG'] = join(folder, 'ssh_config');
    const place = `${userInfo().username}@127.0.0.1/127.0.0.1`;
    hosts = `${place},${place}`;
    rig = await Rig.start({ nodes: 2, hosts });
    a = rig.node('a');
  }, START_MS_MAX);

  afterAll(async () => {
    await rig?.stop();
    sshd?.kill('SIGKILL');
    delete process.env['LEASEWIRE_RIG_SSH_CONFIG'];
    rmSync(folder, { recursive: true, force: true });
  });

  const sh = (script: string) => a.run('sh', ['-c', script]);

  test('gets the agent compiled, whole, and under one name for all who come', () => {
    expect(readdirSync(cache)).toEqual([expect.stringMatching(/^agent-[0-9a-f]{16}$/)]);
    expect(readdirSync(join(cache, readdirSync(cache)[0] ?? '')).sort()).toEqual(['agent', 'agent.cc']);
  });

  test('runs commands in the project, with their outputs, status, signals and variables', async () => {
    const script = 'pwd; uname -n; echo $COLOUR; echo err >&2; kill -USR1 $$';
    const done = await a.run('sh', ['-c', script], { env: { COLOUR: 'red' } });
    expect(done).toEqual({
      code: null,
      signal: 'SIGUSR1',
      stdout: `${a.project}\n${hostname()}\nred\n`,
      stderr: 'err\n',
    });
    expect(await sh('exit 9')).toMatchObject({ code: 9, signal: null });
    await expect(a.run('no-such-command')).rejects.toThrow(CommandNotStarted);
  });

  test('has the limits that its user may have, and a private run-time directory', async () => {
    const { stdout } = await sh(
      '[ $(ulimit -n) = $(ulimit -Hn) ] && [ $(ulimit -l) = $(ulimit -Hl) ] && stat -c %a $XDG_RUNTIME_DIR',
    );
    expect(stdout).toBe('700\n');
  });

  test('streams, both ways, on both nodes at once', async () => {
    const cats = rig.nodes.map((node) => node.start('cat'));
    for (const cat of cats) cat.stdin.write('there and back\n');
    for (const cat of cats) {
      expect(await cat.lines().next()).toEqual({ done: false, value: 'there and back' });
      cat.kill('SIGKILL');
      expect(await cat.exited).toEqual({ code: null, signal: 'SIGKILL' });
    }
  });

  test('keeps its power, its cable and its clock', async () => {
    await expect(a.kill()).rejects.toThrow(NotOnARealHost);
    await expect(a.linkDown()).rejects.toThrow('node a is a real host: its link can not be taken down');
    await expect(a.linkUp()).rejects.toThrow(NotOnARealHost);
    expect(() => a.freeze()).toThrow(NotOnARealHost);
    expect(() => a.thaw()).toThrow(NotOnARealHost);
    expect(await sh('true')).toMatchObject({ code: 0 });
  });

  test('that has no project, or can not be reached, says so', async () => {
    process.env['LEASEWIRE_RIG_PROJECT'] = '/no/such/folder';
    const noProject = Rig.start({ nodes: 1, hosts });
    await expect(noProject).rejects.toThrow('node a has no project at /no/such/folder');
    delete process.env['LEASEWIRE_RIG_PROJECT'];
    const nobody = Rig.start({ nodes: 1, hosts: `127.0.0.1:${await freePort()}/127.0.0.1` });
    await expect(nobody).rejects.toThrow(BootFailed);
    await expect(nobody).rejects.toThrow('Connection refused');
    await expect(Rig.start({ nodes: 2, hosts: 'one/10.0.0.1' })).rejects.toThrow(RigUnavailable);
  });

  test('is rid of all that was started on it when the rig stops, or its connection breaks', async () => {
    const alive = async (pid: number) => (await sh(`kill -0 ${pid}`)).code === 0;
    const other = await Rig.start({ nodes: 1, hosts });
    const left = other.node('a').start('sh', ['-c', 'echo $XDG_RUNTIME_DIR; sleep 600 & wait']);
    const directory = (await left.lines().next()).value as string;
    const pid = await left.pid;
    expect([await alive(pid), existsSync(directory)]).toEqual([true, true]);
    await other.stop();
    await expect(left.exited).rejects.toThrow(NodeGone);
    for (let turn = 0; turn < 200 && ((await alive(pid)) || existsSync(directory)); turn++) await setTimeout(50);
    expect([await alive(pid), existsSync(directory)]).toEqual([false, false]);
  });
});

// A rig within a rig: where there is time for it.
describe.skipIf(!isLong)('in a rig of their own', () => {
  describeOnRig('real hosts with RDMA between them, here the nodes of another rig', { nodes: 2, hosts: '' }, (rig) => {
    let folder = '';
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'leasewire-sshd-'));
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    test.skipIf(lacking !== undefined)('do as they are told from a terminal, and are left as they were', async () => {
      configureSsh(folder, { port: 22, listenAddress: '0.0.0.0' });
      const [a, b] = [rig().node('a'), rig().node('b')];
      const sshd = `mkdir -p /run/sshd && exec ${SSHD} -D -f ${folder}/sshd_config`;
      for (const node of [a, b]) node.start('sh', ['-c', sshd]);
      await b.run('sh', ['-c', 'until ss -Htln | grep -q :22; do sleep 0.05; done']);
      await b.run('sh', ['-c', 'echo before > /dev/kmsg']);
      const orders = [
        'b: ibv_rc_pingpong -g 1 -n 50 &',
        'a: hostname; sleep 2; ibv_rc_pingpong -g 1 -n 50 10.77.0.2',
        'delay b 200',
        'a: ping -q -c 2 -i 0.2 10.77.0.2',
        'b: echo after > /dev/kmsg',
        'log b',
        'a: exit 6',
      ];
      const program = [compiled('hw-tests/rig/cli'), ...orders.flatMap((order) => ['--exec', order])];
      const env = {
        LEASEWIRE_RIG_HOSTS: `${a.address}/${a.address},${b.address}/${b.address}`,
        LEASEWIRE_RIG_SSH_CONFIG: join(folder, 'ssh_config'),
      };
      const { code, stdout } = await a.run(process.execPath, program, { env, timeoutMs: START_MS_MAX });
      expect(code).toBe(6);
      expect(stdout).toMatch(/^b\| 50 iters in/m);
      expect(stdout).toMatch(/^a\n(.*\n)*50 iters in/m);
      expect(Number(/rtt min\S* = ([\d.]+)/.exec(stdout)?.[1])).toBeGreaterThan(150);
      expect(stdout).toMatch(/^\[.*\] after$/m);
      expect(stdout).not.toMatch(/before/);
      expect((await b.run('tc', ['qdisc'])).stdout).not.toContain('netem');
    });
  });
});
