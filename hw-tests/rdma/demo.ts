// `npm run demo:roce [-- CALLS]`: the demo's server on one node and its client on another, unchanged, with RDMA between them.
// The Unix socket that the demo compares with is carried from node to node over TCP. Without CALLS, as many calls as an
// emulated card makes in some seconds.
import { pathToFileURL } from 'node:url';
import type { NodeProcess } from '../rig/node-process.ts';
import { compiledProgram } from '../rig/node-programs.ts';
import { Rig } from '../rig/rig.ts';
import { holderEnvironment, homeEnvironment, knownHomePort } from './places.ts';
import { RigProgram } from './rig-program.ts';

/** Of both nodes; the demo's programs look for the socket there. */
const directory = '/run/leasewire';
const relay = compiledProgram('hw-tests/programs/relay');
const relayPort = 7001;
const clientLines = 4;
const callsDefault = 5000;

async function expectLine(lines: AsyncGenerator<string>): Promise<string> {
  const { value, done } = await lines.next();
  if (done) throw new Error('a program of the demo ended early');
  return value;
}

function start(rig: Rig, name: string, command: readonly string[], env: Readonly<Record<string, string>>): NodeProcess {
  const [program = '', ...args] = command;
  const started = rig.node(name).start('node', [compiledProgram(program), ...args], {
    env: { ...env, LEASEWIRE_RUNTIME_DIR: directory },
  });
  started.stderr.pipe(process.stderr, { end: false });
  return started;
}

/** Makes the server's Unix socket one of the client's node, too. */
async function carrySocket(rig: Rig): Promise<void> {
  const [a, b] = [rig.node('a'), rig.node('b')];
  const path = `${directory}/echo.sock`;
  const between = `${a.address}:${relayPort}`;
  const relays = [new RigProgram(a, relay, [between, path], {}), new RigProgram(b, relay, [path, between], {})];
  await Promise.all(relays.map((relay) => relay.hear('listening')));
}

/** Rejects if the demo does not go as it should. */
export async function demo(rig: Rig, calls: number, print: (line: string) => void): Promise<void> {
  const a = rig.node('a');
  const server = start(rig, 'a', ['examples/demo/server'], homeEnvironment(a, knownHomePort));
  const serverLines = server.lines();
  print(`server on a: ${await expectLine(serverLines)}`);
  await carrySocket(rig);
  const client = start(rig, 'b', ['examples/demo/client', `${calls}`], holderEnvironment(a));
  const lines = client.lines();
  for (let line = 0; line < clientLines; line++) print(`client on b: ${await expectLine(lines)}`);
  print('demo:        the Unix socket was carried from node to node over TCP');
  print(`server on a: ${await expectLine(serverLines)}`);
  print(`demo:        killing the server (pid ${await server.pid}) in the middle of a call`);
  server.kill('SIGKILL');
  print(`client on b: ${await expectLine(lines)}`);
  const { code } = await client.exited;
  if (code !== 0) throw new Error(`the client exited with code ${code}`);
  print('demo:        ended clean');
}

async function main(): Promise<void> {
  const calls = Number(process.argv[2] ?? callsDefault);
  if (!Number.isSafeInteger(calls) || calls < 1) throw new RangeError('CALLS is an integer, 1 or more');
  await using rig = await Rig.start({ nodes: 2 });
  const say = (line: string) => process.stdout.write(`${line}\n`);
  say(`two nodes in ${rig.startMs.toFixed(0)} ms`);
  await demo(rig, calls, say);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
