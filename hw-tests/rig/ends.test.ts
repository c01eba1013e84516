// How nodes end, and that nothing is left of a rig however its owner ends.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { compiled } from '../local/place.ts';
import { BootFolder, sweepAbandoned } from './boot-folder.ts';
import { BootFailed, NodeGone } from './errors.ts';
import { QEMU } from './machine-options.ts';
import { describeWhereRig } from './on-rig.ts';
import { Rig } from './rig.ts';

const WAIT_MS_MAX = 60_000;

async function eventually(what: string, holds: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + WAIT_MS_MAX;
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error(`never: ${what}`);
    await setTimeout(20);
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const words = (pid: number) => read(`/proc/${pid}/cmdline`).split('\0');
/** What is dead has no command line, reaped or not. */
const runs = (pid: number) => words(pid).length > 1;

function childrenOf(pid: number): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const parentOf = (child: string) => Number(read(`/proc/${child}/stat`).split(') ').at(-1)?.split(' ')[1]);
  return pids.filter((child) => parentOf(child) === pid).map(Number);
}

describeWhereRig('a node', () => {
  test('that dies, by its kernel or its power, takes what runs on it along and says so', async () => {
    await using rig = await Rig.start({ nodes: 2, memoryMib: 768, hosts: '' });
    const [a, b] = [rig.node('a'), rig.node('b')];
    const sleeping = b.start('sleep', ['600']);
    await sleeping.pid;
    b.freeze();
    await b.kill();
    await expect(sleeping.exited).rejects.toThrow(NodeGone);
    await expect(b.run('true')).rejects.toThrow('node b: its power was cut');
    await b.kill();

    await expect(a.run('sh', ['-c', 'echo c > /proc/sysrq-trigger'])).rejects.toThrow(NodeGone);
    const log = await a.kernelLog();
    expect(log).toContain('Kernel panic - not syncing: sysrq triggered crash');
    await expect(a.linkDown()).rejects.toThrow(/gone|ended/);
  });

  test('that can not start says why, and leaves nothing', async () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('leasewire-rig-'));
    const tooLarge = Rig.start({ nodes: 2, memoryMib: 1_048_576, hosts: '' });
    await expect(tooLarge).rejects.toThrow(BootFailed);
    await expect(tooLarge).rejects.toThrow(/memory|phys-bits/);
    await expect(tooLarge).rejects.toThrow(/memory|CPUs/);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('leasewire-rig-'))).toEqual(before);
    await expect(Rig.start({ nodes: 1, memoryMib: 1, hosts: '' })).rejects.toThrow(RangeError);
  });
});

describeWhereRig('of a rig', () => {
  const owners: ChildProcess[] = [];
  afterEach(() => {
    for (const owner of owners.splice(0)) owner.kill('SIGKILL');
  });

  interface Owned {
    readonly owner: ChildProcess;
    readonly qemu: number;
    readonly janitor: number;
    readonly folder: string;
  }

  /** A process with a rig whose node is booting. */
  async function startOwner(args: readonly string[]): Promise<Owned> {
    const owner = spawn(process.execPath, args, { stdio: ['pipe', 'ignore', 'ignore'] });
    owners.push(owner);
    const find = (sign: RegExp) => childrenOf(owner.pid ?? 0).find((pid) => sign.test(words(pid)[0] ?? ''));
    const folderOf = (pid: number) => /[^=]*\/leasewire-rig-\w+/.exec(words(pid).join('\0'))?.[0].split('\0').at(-1);
    // Before that it is setpriv, which makes itself QEMU once the kernel knows to end it with its parent.
    const isThere = () => owner.exitCode !== null || words(find(/^qemu/) ?? 0).includes('chardev=monitor,mode=control');
    await eventually('QEMU runs', isThere);
    const qemu = find(/^qemu/);
    const janitor = find(/^sh$/);
    if (qemu === undefined || janitor === undefined) throw new Error('the owner has no rig');
    const folder = folderOf(janitor) ?? '';
    // Until then QEMU would end by itself when it finds nobody to connect to.
    await eventually('its kernel speaks', () => read(join(folder, 'a.console')) !== '');
    return { owner, qemu, janitor, folder };
  }

  async function expectGone({ owner, qemu, folder }: Owned): Promise<void> {
    if (owner.exitCode === null && owner.signalCode === null) await once(owner, 'exit');
    await eventually('QEMU is gone', () => !runs(qemu));
    await eventually('the folder is gone', () => !existsSync(folder));
  }

  const rigModule = JSON.stringify(compiled('hw-tests/rig/rig'));
  const start = `const { Rig } = await import(${rigModule}); const rig = Rig.start({ nodes: 1, hosts: '' });`;
  const program = (then: string) => ['--input-type=module', '-e', `${start} ${then}`];
  const waiting = program('await rig;');

  test.each(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'nothing is left after its owner’s %s',
    async (signal) => {
      const owned = await startOwner(waiting);
      expect(existsSync(owned.folder)).toBe(true);
      owned.owner.kill(signal);
      await expectGone(owned);
      expect(owned.owner.signalCode).toBe(signal);
    },
  );

  test.each([
    ['an exception that nobody catches', 'throw new Error();', 1],
    ['process.exit', 'process.exit(5);', 5],
  ])('nothing is left after %s', async (_what, end, code) => {
    const owned = await startOwner(program(`process.stdin.once('end', () => { ${end} }).resume(); await rig;`));
    owned.owner.stdin?.end();
    await expectGone(owned);
    expect(owned.owner.exitCode).toBe(code);
  });

  test('a folder that outlived even its janitor is swept by the next rig', async () => {
    const owned = await startOwner(waiting);
    process.kill(owned.janitor, 'SIGKILL');
    owned.owner.kill('SIGKILL');
    await eventually('all are dead', () => ![owned.owner.pid ?? 0, owned.qemu, owned.janitor].some(runs));
    expect(existsSync(owned.folder)).toBe(true);
    new BootFolder().remove();
    expect(existsSync(owned.folder)).toBe(false);
  });

  describe('a folder in the way', () => {
    const withOwner = (owner: string): string => {
      const folder = mkdtempSync(join(tmpdir(), 'leasewire-rig-'));
      writeFileSync(join(folder, 'owner'), owner);
      return folder;
    };
    const namespace = readlinkSync('/proc/self/ns/pid');

    test('goes with the virtual machine that still runs in it, when its owner is another process by now', async () => {
      // The first process has that number, and did not start at that time.
      const folder = withOwner(`1 123456789012 ${namespace}`);
      const args = [
        '-S',
        '-nodefaults',
        '-display',
        'none',
        '-accel',
        'tcg',
        '-monitor',
        `unix:${folder}/x,server=on,wait=off`,
      ];
      const qemu = spawn(QEMU, args, { stdio: 'ignore' });
      const ended = once(qemu, 'exit');
      await eventually('QEMU runs', () => existsSync(join(folder, 'x')));
      sweepAbandoned();
      expect(await ended).toEqual([null, 'SIGKILL']);
      expect(existsSync(folder)).toBe(false);
    });

    test('stays when its owner lives, or can not be judged', () => {
      const own = new BootFolder();
      const foreign = withOwner('999999999 1 pid:[1]');
      const unnamed = withOwner('');
      sweepAbandoned();
      expect([own.path, foreign, unnamed].map(existsSync)).toEqual([true, true, true]);
      writeFileSync(join(foreign, 'owner'), `999999999 1 ${namespace}`);
      writeFileSync(join(unnamed, 'owner'), `999999999 1 ${namespace}`);
      sweepAbandoned();
      expect([own.path, foreign, unnamed].map(existsSync)).toEqual([true, false, false]);
      own.remove();
      expect(existsSync(own.path)).toBe(false);
    });
  });
});
