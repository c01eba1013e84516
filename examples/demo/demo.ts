// `npm run demo`: a server and a client, each a process of its own, find each other by name and talk through leased
// memory; the same echo over a Unix socket stands beside it. Then the server is killed, and the client says what it saw.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const directory = mkdtempSync(join(tmpdir(), 'leasewire-demo-'));
const children: ChildProcess[] = [];

/** Starts one of the demo's programs, with a run-time directory that only the demo uses. */
function start(program: string): { child: ChildProcess; lines: AsyncIterator<string> } {
  const path = fileURLToPath(new URL(`./${program}.js`, import.meta.url));
  const child = spawn(process.execPath, [path], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, LEASEWIRE_RUNTIME_DIR: directory },
  });
  children.push(child);
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

async function expectLine(lines: AsyncIterator<string>): Promise<string> {
  const { value, done } = await lines.next();
  if (done) throw new Error('a program of the demo ended early');
  return value;
}

try {
  const server = start('server');
  console.log(`server: ${await expectLine(server.lines)}`);
  const client = start('client');
  const ended = once(client.child, 'exit');
  for (let line = 0; line < 4; line++) console.log(`client: ${await expectLine(client.lines)}`);
  console.log(`server: ${await expectLine(server.lines)}`);
  console.log(`demo:   killing the server (pid ${server.child.pid}) in the middle of a call`);
  server.child.kill('SIGKILL');
  console.log(`client: ${await expectLine(client.lines)}`);
  const [code] = await ended;
  if (code !== 0) throw new Error(`the client exited with code ${code}`);
  console.log('demo:   ended clean');
} finally {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
}
