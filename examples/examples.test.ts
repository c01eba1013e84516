// The examples are run as a user would run them: as processes, from the built package.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
let directory: string;
let children: ChildProcess[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'leasewire-examples-'));
  children = [];
});

afterEach(() => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

/** A copy of the package as it is where no addon was built, or none runs. */
function withoutAddon(): string {
  const copy = join(directory, 'package');
  cpSync(join(root, 'dist'), join(copy, 'dist'), { recursive: true });
  cpSync(join(root, 'package.json'), join(copy, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

function start(program: string, ...args: string[]): { child: ChildProcess; lines: AsyncIterableIterator<string> } {
  const child = spawn(process.execPath, [join(root, 'dist', 'examples', program), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, LEASEWIRE_RUNTIME_DIR: directory },
  });
  children.push(child);
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

async function linesOf(program: string, ...args: string[]): Promise<string[]> {
  const { child, lines } = start(program, ...args);
  const ended = once(child, 'exit');
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  expect(await ended).toEqual([0, null]);
  return all;
}

describe('the README', () => {
  test.each(['server.ts', 'client.ts'])('shows examples/echo/%s as it is', (file) => {
    const code = readFileSync(join(root, 'examples', 'echo', file), 'utf8');
    expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain(`\`\`\`ts\n${code}\`\`\``);
  });
});

describe('examples', () => {
  test('echo: a client finds the server by name and gets its bytes back, of two calls in flight', async () => {
    const server = start('echo/server.js');
    expect((await server.lines.next()).value).toBe('serving');
    expect(await linesOf('echo/client.js')).toEqual(['hello', 'again']);
  });

  test('other-language: by the protocol’s words alone, in fragments too', async () => {
    const server = start('echo/server.js');
    expect((await server.lines.next()).value).toBe('serving');
    const client = join(root, 'examples', 'other-language', 'client.py');
    const texts = ['hello', 'x'.repeat(9000), 'again']; // A slot holds 1004 bytes.
    const run = spawnSync('python3', [client, directory, ...texts], { encoding: 'utf8', timeout: 20_000 });
    expect(run).toMatchObject({ status: 0, stderr: '', stdout: `${texts.join('\n')}\n` });
  });

  test('calculator: a typed client calls a typed server, which checks what it is sent', async () => {
    const server = start('calculator/server.js');
    expect((await server.lines.next()).value).toBe('serving');
    expect(await linesOf('calculator/client.js')).toEqual([
      '3',
      "{ impossible: 'division by zero' }",
      'the input of calculator.add is not valid',
      expect.stringMatching(/^b: .*number/),
    ]);
    for (const line of ['add for ada', 'divide for nobody', 'add for nobody']) {
      expect((await server.lines.next()).value).toBe(line);
    }
  });

  test('queue: a consumer takes what the producer gives, to the last', async () => {
    const producer = start('queue/producer.js');
    const ended = once(producer.child, 'exit');
    const { value: lease } = await producer.lines.next();
    expect(await linesOf('queue/consumer.js', String(lease))).toEqual(['499500']);
    expect(await ended).toEqual([0, null]);
  });

  test('demo: checks 100,000 calls, kills the server, shows the error, ends clean', async () => {
    const lines = await linesOf('demo/demo.js');
    const text = lines.join('\n');
    expect(text).toContain('100000 calls');
    expect(text).toMatch(/leasewire, await call.*p50.*p95.*p99/);
    expect(text).toMatch(/Unix socket, raw.*p50.*p95.*p99/);
    expect(text).toMatch(/Disconnected: .*may have executed: true/);
    expect(lines.at(-1)).toBe('demo:   ended clean');
  });

  test('testing: a service is tested where there is no addon, and nothing but memory is touched', async () => {
    const copy = withoutAddon();
    const runThere = (...args: string[]) =>
      spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8', env: { PATH: '', TMPDIR: directory } });
    const program = join('dist', 'examples', 'testing', 'check-counter.js');
    const tested = runThere('--conditions', 'leasewire-testing', '--test-reporter', 'tap', program);
    expect(tested).toMatchObject({ status: 0, stderr: '' });
    expect(tested.stdout).toContain('# pass 3\n');
    expect(readdirSync(directory)).toEqual(['package']);
    // The same without the condition: it is the addon that is not there.
    expect(runThere(program).stderr).toMatch(/Cannot find module .*leasewire\.node/);
  });
});
