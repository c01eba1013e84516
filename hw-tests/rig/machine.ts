// One virtual machine: the QEMU process, which the kernel kills when this one dies, and the two streams it connects to us:
// its monitor and its agent's port.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { BootFolder } from './boot-folder.ts';
import { BootFailed } from './errors.ts';
import { type MachineOptions, QEMU, qemuArgs } from './machine-options.ts';
import { Monitor } from './monitor.ts';
import { toolPath } from './tool.ts';

export class Machine {
  readonly monitor: Monitor;
  readonly agent: Socket;
  /** Settles when QEMU is gone. */
  readonly ended: Promise<unknown>;
  readonly #console: string;
  readonly #qemu: ChildProcess;

  constructor(qemu: ChildProcess, ended: Promise<unknown>, streams: readonly [Socket, Socket], consoleFile: string) {
    this.monitor = new Monitor(streams[0]);
    this.agent = streams[1];
    this.ended = ended;
    this.#qemu = qemu;
    this.#console = consoleFile;
  }

  /** What the kernel thought worth a warning, and its last words. */
  console(): string {
    return readFileSync(this.#console, 'latin1');
  }

  signal(name: NodeJS.Signals): void {
    this.#qemu.kill(name);
  }

  /** Resolves when QEMU is gone. A stopped process dies of this too. */
  async kill(): Promise<void> {
    this.#qemu.kill('SIGKILL');
    await this.ended;
  }
}

/** Its kernel has yet to boot then. Rejects with BootFailed, and then nothing runs. */
export async function startMachine(folder: BootFolder, options: MachineOptions): Promise<Machine> {
  const file = (suffix: string) => folder.file(`${options.name}.${suffix}`);
  const servers = [await listening(file('monitor')), await listening(file('agent'))] as const;
  const connected = Promise.all([firstConnection(servers[0]), firstConnection(servers[1])]);
  const { qemu, ended } = spawnQemu(
    qemuArgs(options, (node, suffix) => folder.file(`${node}.${suffix}`)),
    file('qemu'),
  );
  const tooEarly = ended.then(() => Promise.reject(new Error('QEMU ended')));
  try {
    const machine = new Machine(qemu, ended, await Promise.race([connected, tooEarly]), file('console'));
    await machine.monitor.ask('qmp_capabilities');
    return machine;
  } catch (cause) {
    qemu.kill('SIGKILL');
    await ended;
    throw new BootFailed(`node ${options.name} can not start: ${readFileSync(file('qemu'), 'utf8').trim()}`, { cause });
  } finally {
    tooEarly.catch(() => undefined);
    for (const server of servers) server.close();
  }
}

function spawnQemu(args: readonly string[], log: string): { qemu: ChildProcess; ended: Promise<unknown> } {
  const output = openSync(log, 'w');
  try {
    const qemu = spawn('setpriv', ['--pdeathsig', 'KILL', QEMU, ...args], {
      stdio: ['ignore', output, output],
      env: { ...process.env, PATH: toolPath },
    });
    return { qemu, ended: once(qemu, 'close') };
  } finally {
    closeSync(output);
  }
}

async function listening(path: string): Promise<Server> {
  const server = createServer().listen(path);
  await once(server, 'listening');
  return server;
}

async function firstConnection(server: Server): Promise<Socket> {
  const [socket] = (await once(server, 'connection')) as [Socket];
  return socket;
}
