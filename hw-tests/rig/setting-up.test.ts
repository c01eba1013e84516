// What a rig is set up from: the cache that processes share, packages, and whether a kernel boots here.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, test } from 'vitest';
import { compiled } from '../local/place.ts';
import { boots } from './accelerator.ts';
import { BootFolder } from './boot-folder.ts';
import { ensurePackages } from './debian-packages.ts';
import { sharedFiles, writeInitramfs } from './initramfs.ts';
import { describeWhereRig } from './on-rig.ts';
import { prepare } from './preparation.ts';

const BOOT_MS_MAX = 60_000;

describe('the cache', () => {
  const home = join(tmpdir(), `leasewire-test-${randomUUID()}`);
  const folder = join(home, 'leasewire', 'rig');
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  function start(body: string): ChildProcessByStdio<null, Readable, null> {
    const imports = `import { ensureCached, withLock } from ${JSON.stringify(compiled('hw-tests/rig/cache'))};
      import { appendFileSync, writeFileSync } from 'node:fs'; import { setTimeout } from 'node:timers/promises';`;
    return spawn(process.execPath, ['--input-type=module', '-e', `${imports} ${body}`], {
      env: { ...process.env, XDG_CACHE_HOME: home },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  }

  const ended = async (child: ReturnType<typeof start>) => (await once(child, 'close'))[0] as number | null;

  test('lets one process in at a time', async () => {
    const log = JSON.stringify(join(home, 'log'));
    const body = `for (let i = 0; i < 5; i++) await withLock('x', async () => {
      appendFileSync(${log}, '('); await setTimeout(5); appendFileSync(${log}, ')'); });`;
    expect(await Promise.all([start(body), start(body), start(body)].map(ended))).toEqual([0, 0, 0]);
    expect(readFileSync(join(home, 'log'), 'utf8')).toBe('()'.repeat(15));
  });

  test('fills an entry once for all who want it, and shows none that is half full', async () => {
    const fill = `async (folder) => { console.log('filled'); writeFileSync(folder + '/one', ''); await setTimeout(50); }`;
    const body = `const entry = await ensureCached('entry', ${fill}); console.log(entry);`;
    const said = await Promise.all([start(body), start(body)].map(({ stdout }) => text(stdout)));
    expect(said.join('').match(/filled/g)).toHaveLength(1);
    expect(said.map((each) => each.trim().split('\n').at(-1))).toEqual(Array(2).fill(join(folder, 'entry')));
    expect(readdirSync(join(folder, 'entry'))).toEqual(['one']);
  });

  test('is left as it was by who fails or dies in it, and lets the next one in', async () => {
    const failing = start(
      `await ensureCached('other', async () => { throw new Error(); }).catch(() => process.exit(3));`,
    );
    expect(await ended(failing)).toBe(3);
    const dying = start(`await ensureCached('other', async (folder) => {
      writeFileSync(folder + '/half', ''); process.kill(process.pid, 'SIGKILL'); await setTimeout(1e6); });`);
    expect(await ended(dying)).toBeNull();
    expect(existsSync(join(folder, 'other'))).toBe(false);
    const next = start(`await ensureCached('other', async (folder) => writeFileSync(folder + '/whole', ''));`);
    expect(await ended(next)).toBe(0);
    expect(readdirSync(join(folder, 'other'))).toEqual(['whole']);
    expect(readdirSync(folder).filter((name) => name.startsWith('.new'))).toEqual([]);
  });
});

test('packages that are there are not asked for', async () => {
  await ensurePackages({ 'no-such-package': 'sh', 'nor-this-one': '/etc/passwd' });
});

describeWhereRig('a kernel', () => {
  test('shows that it boots, or does not', async () => {
    const folder = new BootFolder();
    try {
      const preparation = await prepare();
      const initramfs = folder.file('initramfs');
      writeInitramfs(initramfs, await sharedFiles(preparation), {});
      expect(await boots('tcg', preparation.kernel.vmlinuz, initramfs, BOOT_MS_MAX)).toBe(true);
      writeFileSync(initramfs, '');
      expect(await boots('tcg', preparation.kernel.vmlinuz, initramfs, BOOT_MS_MAX)).toBe(false);
    } finally {
      folder.remove();
    }
  });
});
