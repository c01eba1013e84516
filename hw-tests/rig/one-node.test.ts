// One virtual machine: how commands run on it, and what it gives them.
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { CommandNotStarted, CommandTimedOut } from './errors.ts';
import { describeOnRig } from './on-rig.ts';

const projectFolder = fileURLToPath(new URL('../../', import.meta.url));
const node = (script: string) => ['-e', script] as const;

describeOnRig('one node', { nodes: 1, hosts: '' }, (rig) => {
  const a = () => rig().node('a');
  const sh = (script: string) => a().run('sh', ['-c', script]);

  describe('a command', () => {
    test('has its exit status and its two outputs', async () => {
      expect(await sh('echo out; echo err >&2; exit 7')).toEqual({
        code: 7,
        signal: null,
        stdout: 'out\n',
        stderr: 'err\n',
      });
      expect(await a().run('true')).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
    });

    test('ends by its own signal, by name', async () => {
      expect(await sh('kill -SEGV $$')).toMatchObject({ code: null, signal: 'SIGSEGV' });
    });

    test('gets its arguments as they are, its variables and its folder', async () => {
      const args = ['', 'a b', '$HOME "x" \'y\'', 'ü\n*'];
      const script = 'console.log(JSON.stringify([process.argv.slice(1), process.env.COLOUR, process.cwd()]))';
      const options = { env: { COLOUR: 'red = green' }, cwd: '/usr/lib' };
      const { stdout } = await a().run(process.execPath, [...node(script), '--', ...args], options);
      expect(JSON.parse(stdout)).toEqual([args, 'red = green', '/usr/lib']);
    });

    test('starts in the project, with its own session, no ignored signal and nothing inherited', async () => {
      const { stdout } = await sh(
        'pwd; grep -E "Sig(Ign|Blk)" /proc/self/status; ls /proc/self/fd; ps -o sess= -p $$; echo $$',
      );
      const [folder, blocked, ignored, ...rest] = stdout.split('\n').map((line) => line.trim());
      expect(folder).toBe(a().project);
      expect([blocked, ignored].join(' ')).toMatch(/^SigBlk:\s+0+ SigIgn:\s+0+$/);
      // ls itself opens descriptor 3.
      expect(rest.slice(0, 4)).toEqual(['0', '1', '2', '3']);
      expect(rest[4]).toBe(rest[5]);
    });

    test('that is not there, or has no folder, says so', async () => {
      const missing = a().start('no-such-command');
      await expect(missing.exited).rejects.toThrow(CommandNotStarted);
      await expect(missing.pid).rejects.toMatchObject({ code: 'ENOENT' });
      await expect(a().run('true', [], { cwd: '/no/such/folder' })).rejects.toMatchObject({ code: 'ENOENT' });
      await expect(a().run('./package.json')).rejects.toMatchObject({ code: 'EACCES' });
      expect(() => a().start('echo', ['\0'])).toThrow(RangeError);
    });

    test('that takes too long is killed with all that it started', async () => {
      const late = a().run('sh', ['-c', 'echo begun; sleep 777 & wait'], { timeoutMs: 300 });
      await expect(late).rejects.toThrow(CommandTimedOut);
      await expect(late).rejects.toThrow('begun');
      expect((await sh('pgrep -x sleep -a | grep 777')).stdout).toBe('');
    });

    test('streams what it says while it runs, and is told things', async () => {
      const cat = a().start('cat');
      const lines = cat.lines();
      for (const word of ['one', 'two', 'drei ü']) {
        cat.stdin.write(`${word}\n`);
        expect(await lines.next()).toEqual({ done: false, value: word });
      }
      cat.stdin.end('last, without a line end');
      expect(await lines.next()).toEqual({ done: false, value: 'last, without a line end' });
      expect(await lines.next()).toMatchObject({ done: true });
      expect(await cat.exited).toEqual({ code: 0, signal: null });
    });

    test('passes many bytes both ways unchanged', async () => {
      const bytes = randomBytes(8 << 20);
      const tee = a().start('tee', ['/dev/stderr']);
      const hashes = [tee.stdout, tee.stderr].map(async (stream) => {
        const hash = createHash('sha256');
        for await (const chunk of stream) hash.update(chunk as Buffer);
        return hash.digest('hex');
      });
      tee.stdin.end(bytes);
      const sent = createHash('sha256').update(bytes).digest('hex');
      expect(await Promise.all(hashes)).toEqual([sent, sent]);
    });

    test('that reads nothing holds the writer up, not the node', async () => {
      const deaf = a().start('sleep', ['60']);
      const written = new Promise((resolve) => deaf.stdin.write(Buffer.alloc(1 << 20), resolve));
      expect(await Promise.race([written, setTimeout(300, 'held up')])).toBe('held up');
      expect(await sh('echo free')).toMatchObject({ stdout: 'free\n' });
      deaf.kill();
      expect(await deaf.exited).toEqual({ code: null, signal: 'SIGTERM' });
    });

    test('is killed alone, or with its children', async () => {
      const family = () => a().start('sh', ['-c', 'sleep 888 & echo $!; wait']);
      const child = async (parent: ReturnType<typeof family>) => (await parent.lines().next()).value as string;
      const alive = async (pid: string) => (await sh(`grep -q sleep /proc/${pid}/comm`)).code === 0;
      const first = family();
      const orphan = await child(first);
      first.kill('SIGKILL');
      expect(await first.exited).toMatchObject({ signal: 'SIGKILL' });
      expect(await alive(orphan)).toBe(true);
      await sh(`kill ${orphan}`);
      const second = family();
      const gone = await child(second);
      second.killAll('SIGKILL');
      await second.exited;
      expect(await alive(gone)).toBe(false);
    });

    test('runs beside many others', async () => {
      const numbers = Array.from({ length: 100 }, (_, index) => index);
      const results = await Promise.all(numbers.map((each) => sh(`sleep 0.2; echo ${each}; exit ${each}`)));
      expect(results.map(({ code, stdout }) => [code, stdout])).toEqual(numbers.map((each) => [each, `${each}\n`]));
    });

    test('is a node’s own: its number is that of its process', async () => {
      const shell = a().start('sh', ['-c', 'echo $$']);
      expect(`${await shell.pid}`).toBe((await shell.lines().next()).value);
    });
  });

  test('lets programs lock memory, open files, and share memory', async () => {
    const { stdout } = await sh(
      'ulimit -l; [ $(ulimit -n) -ge 65536 ] && echo files; stat -fc %T /dev/shm /run; stat -c %a $XDG_RUNTIME_DIR; umask',
    );
    expect(stdout).toBe('unlimited\nfiles\ntmpfs\ntmpfs\n700\n0022\n');
  });

  test('reads the time quickly, and has randomness', async () => {
    const { stdout } = await sh(
      'cat /sys/devices/system/clocksource/clocksource0/current_clocksource; head -c 64 /dev/random | wc -c',
    );
    expect(stdout).toMatch(/^(tsc|kvm-clock|hpet|acpi_pm)\n64\n$/);
    const mitigated = await sh('grep -L -r "Vulnerable\\|Not affected" /sys/devices/system/cpu/vulnerabilities');
    expect(mitigated.stdout).toBe('');
  });

  test('writes into its own memory only', async () => {
    const file = `${a().project}/written-on-a-node`;
    expect(await sh(`echo x > ${file} && cat ${file}`)).toMatchObject({ code: 0, stdout: 'x\n' });
    await expect(import('node:fs/promises').then(({ stat }) => stat(file))).rejects.toThrow('ENOENT');
  });

  test('has two processors, and RDMA to itself', async () => {
    expect((await sh('nproc')).stdout).toBe('2\n');
    const command = 'ibv_rc_pingpong -g 1 -n 500';
    const both = `${command} & until ss -Htln | grep -q :18515; do sleep 0.05; done; ${command} localhost && wait $!`;
    const { code, stdout } = await sh(both);
    expect(code).toBe(0);
    expect(stdout.match(/^500 iters in/gm)).toHaveLength(2);
  });

  test('runs this project', async () => {
    const script = 'import("leasewire").then(({ MemBuilder }) => console.log(typeof MemBuilder))';
    expect(await a().run(process.execPath, node(script))).toMatchObject({ code: 0, stdout: 'function\n' });
  });

  test('simulates what any other machine does, event for event', async () => {
    const run = ['dist/sim/campaign/cli.js', '--seed', '2'];
    const traceOf = (stdout: string) => /^seed 2: (\d+) events, .* trace ([0-9a-f]{16})/.exec(stdout)?.slice(1);
    const here = traceOf((await promisify(execFile)(process.execPath, run, { cwd: projectFolder })).stdout);
    expect(here).toHaveLength(2);
    expect(traceOf((await a().run(process.execPath, run)).stdout)).toEqual(here);
  });

  test('says what a rig lacks, to whoever may not install it', async () => {
    const script = 'import("./dist/hw-tests/rig/rig.js").then((rig) => rig.rigAvailability()).then(console.log)';
    const as = ['setpriv', '--reuid=65534', '--clear-groups', 'env', 'XDG_CACHE_HOME=/tmp/nobody'];
    // The checkout may stand where only its owner gets in.
    const open = 'd=$PWD; while [ "$d" != / ]; do chmod a+rx "$d"; d=$(dirname "$d"); done';
    const { stdout } = await sh(
      `${open}; rm $(which qemu-system-x86_64 tc rdma); ${as.join(' ')} ${process.execPath} -e '${script}'`,
    );
    expect(stdout).toContain('available: false');
    expect(stdout).toContain('apt-get install --no-install-recommends qemu-system-x86 iproute2');
  });
});
