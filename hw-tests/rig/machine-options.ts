// What a virtual machine consists of, in the words of QEMU's command line and the kernel's.
import { readFileSync } from 'node:fs';

export const QEMU = 'qemu-system-x86_64';
/** Of the network device, for the monitor. */
export const LINK_NAME = 'link';
/** Room for RoCE's headers around 4096 bytes. */
export const LINK_MTU_BYTES = 4200;

export type Accelerator = 'kvm' | 'tcg';

export interface MachineOptions {
  readonly name: string;
  /** Without one, the link leads nowhere. */
  readonly peer: string | undefined;
  readonly mac: string;
  readonly vcpus: number;
  readonly memoryMib: number;
  readonly accelerator: Accelerator;
  readonly vmlinuz: string;
  readonly initramfs: string;
}

/** `file` gives the path of a node's file. QEMU connects to the sockets `agent` and `monitor`, writes `console`. */
export function qemuArgs(options: MachineOptions, file: (node: string, suffix: string) => string): string[] {
  const { name, accelerator, vcpus, memoryMib } = options;
  const socket = (id: string) => `socket,id=${id},path=${file(name, id)},server=off`;
  return [
    ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-name', `leasewire-rig-${name}`],
    ['-accel', accelerator, '-cpu', cpuModel(accelerator), '-smp', processors(vcpus), '-m', `${memoryMib}`],
    ['-serial', `file:${file(name, 'console')}`],
    ['-chardev', socket('monitor'), '-mon', 'chardev=monitor,mode=control'],
    ['-device', 'virtio-serial-pci', '-chardev', socket('agent'), '-device', 'virtserialport,chardev=agent,name=rig'],
    ['-device', 'virtio-rng-pci'],
    ['-fsdev', 'local,id=host,path=/,security_model=none,readonly=on,multidevs=remap'],
    ['-device', 'virtio-9p-pci,fsdev=host,mount_tag=host'],
    ['-netdev', netdev(options, file)],
    ['-device', `virtio-net-pci,netdev=${LINK_NAME},mac=${options.mac},host_mtu=${LINK_MTU_BYTES}`],
    ['-kernel', options.vmlinuz, '-initrd', options.initramfs, '-append', kernelParameters(accelerator)],
  ].flat();
}

export function cpuModel(accelerator: Accelerator): string {
  return accelerator === 'kvm' ? 'host' : 'max';
}

/**
 * A machine that can never have a second processor is translated without the guest's memory barriers, which its virtio
 * drivers need against QEMU's device threads: a kick is lost in some 10,000, and the link is dumb from then on.
 * Where QEMU says it: "tcg: Do not elide memory barriers for !CF_PARALLEL in system mode" (8.1; Debian 12 has 7.2).
 */
function processors(vcpus: number): string {
  return `cpus=${vcpus},maxcpus=${Math.max(vcpus, 2)}`;
}

/** A datagram socket each, and no process between them; for one node, a hub that has no other port. */
function netdev({ name, peer }: MachineOptions, file: (node: string, suffix: string) => string): string {
  if (peer === undefined) return `hubport,id=${LINK_NAME},hubid=0`;
  const end = (side: string, node: string) => `${side}.type=unix,${side}.path=${file(node, 'link')}`;
  return `dgram,id=${LINK_NAME},${end('local', name)},${end('remote', peer)}`;
}

function kernelParameters(accelerator: Accelerator): string {
  return [
    // The console hears of warnings and worse; the log holds all there is.
    'console=ttyS0 loglevel=5 log_buf_len=4M',
    // A kernel that dies takes QEMU with it.
    'panic=-1',
    'mitigations=off random.trust_cpu=on',
    // A frozen node, or a busy host, is no lockup.
    'nowatchdog rcupdate.rcu_cpu_stall_suppress=1',
    // Nor is a timer broken whose first interrupts are late: the kernel's test of it ends in a panic there.
    'no_timer_check',
    ...(accelerator === 'tcg' && hasSteadyTsc() ? ['tsc=reliable'] : []),
  ].join(' ');
}

/**
 * Under TCG the guest's time-stamp counter is the host's, but its kernel can not know how steady that is, and would read
 * the time from an emulated device: 750 ns in place of 47 were measured.
 */
function hasSteadyTsc(): boolean {
  const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' ') ?? [];
  return flags.includes('constant_tsc') && flags.includes('nonstop_tsc');
}
