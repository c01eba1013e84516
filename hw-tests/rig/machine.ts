// One virtual machine: the QEMU process, which the kernel kills when this one dies, and the two streams it connects to us:
// its monitor and its agent's port.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { type Accelerator, QEMU } from './accelerator.ts';
import type { BootFolder } from './boot-folder.ts';
import { BootFailed } from './errors.ts';
import { Monitor } from './monitor.ts';
import { toolPath } from './tool.ts';

/** MTU of the interface; what is left of it for RoCE's packets is 4096. */
const LINK_MTU_BYTES = 4200;
export const LINK_NAME = 'link';

export interface MachineOptions {
  readonly name: string;
  /** Nothing there: the link goes nowhere. */
  readonly peer: string | undefined;
  readonly mac: string;
  readonly vcpus: number;
  readonly memoryMib: number;
  readonly accelerator: Accelerator;
  readonly vmlinuz: string;
  readonly initramfs: string;
  /** Of the kernel, for the programs that start in it. */
  readonly parameters: Readonly<Record<string, string>>;
}

export class Machine {
  readonly monitor: Monitor;
  readonly agent: Socket;
  readonly #console: string;
  readonly #qemu: ChildProcess;

  private constructor(qemu: ChildProcess, monitor: Monitor, agent: Socket, consoleFile: string) {
    this.#qemu = qemu;
    this.monitor = monitor;
    this.agent = agent;
    this.#console = consoleFile;
  }

  static async start(folder: BootFolder, options: MachineOptions): Promise<Machine> {
    const file = (suffix: string) => folder.file(`${options.name}.${suffix}`);
    const servers = [await listening(file('monitor')), await listening(file('agent'))] as const;
    const connected = Promise.all(servers.map(firstConnection));
    const errors = openSync(file('qemu'), 'w');
    const qemu = spawn('setpriv', ['--pdeathsig', 'KILL', QEMU, ...machineArgs(folder, options)], {
      stdio: ['ignore', errors, errors],
      env: { ...process.env, PATH: toolPath },
    });
    const ended = once(qemu, 'close').then(() => {
      throw new BootFailed(`QEMU ended at once: ${readFileSync(file('qemu'), 'utf8').trim()}`);
    });
    try {
      const [monitor, agent] = await Promise.race([connected, ended]);
      const machine = new Machine(qemu, new Monitor(monitor as Socket), agent as Socket, file('console'));
      await machine.monitor.ask('qmp_capabilities');
      return machine;
    } finally {
      ended.catch(() => undefined);
      for (const server of servers) server.close();
    }
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
    if (this.#qemu.exitCode !== null || this.#qemu.signalCode !== null) return;
    const closed = once(this.#qemu, 'close');
    this.#qemu.kill('SIGKILL');
    await closed;
  }
}

function machineArgs(folder: BootFolder, options: MachineOptions): string[] {
  const { name, peer, mac, vcpus, memoryMib } = options;
  const file = (node: string, suffix: string) => folder.file(`${node}.${suffix}`);
  const socket = (id: string, suffix: string) => `socket,id=${id},path=${file(name, suffix)},server=off`;
  const link =
    peer === undefined
      ? `hubport,id=${LINK_NAME},hubid=0`
      : `dgram,id=${LINK_NAME},local.type=unix,local.path=${file(name, 'link')},remote.type=unix,remote.path=${file(peer, 'link')}`;
  return [
    ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ['-name', `leasewire-rig-${name}`, '-accel', options.accelerator],
    ['-cpu', options.accelerator === 'kvm' ? 'host' : 'max', '-smp', `${vcpus}`, '-m', `${memoryMib}`],
    ['-serial', `file:${file(name, 'console')}`],
    ['-chardev', socket('monitor', 'monitor'), '-mon', 'chardev=monitor,mode=control'],
    ['-chardev', socket('agent', 'agent'), '-device', 'virtio-serial-pci'],
    ['-device', 'virtserialport,chardev=agent,name=rig', '-device', 'virtio-rng-pci'],
    ['-fsdev', 'local,id=host,path=/,security_model=none,readonly=on,multidevs=remap'],
    ['-device', 'virtio-9p-pci,fsdev=host,mount_tag=host'],
    ['-netdev', link, '-device', `virtio-net-pci,netdev=${LINK_NAME},mac=${mac},host_mtu=${LINK_MTU_BYTES}`],
    ['-kernel', options.vmlinuz, '-initrd', options.initramfs, '-append', kernelParameters(options.parameters)],
  ].flat();
}

/** The console hears of warnings and worse. The log holds all there is since boot. */
function kernelParameters(parameters: Readonly<Record<string, string>>): string {
  const ours = Object.entries(parameters).map(([name, value]) => `rig.${name}=${value}`);
  return ['console=ttyS0 loglevel=5 log_buf_len=4M panic=-1 mitigations=off random.trust_cpu=on', ...ours].join(' ');
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
