// Whether QEMU can use the processor's virtualisation here. /dev/kvm promises nothing: a short boot has to show it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { toolPath } from './tool.ts';

export type Accelerator = 'kvm' | 'tcg';

export const QEMU = 'qemu-system-x86_64';
const PROBE_MS_MAX = 6_000;
const PROBE_SAYS = 'rig: probe ran';

let known: Promise<Accelerator> | undefined;

/** Remembered for the life of this process. */
export function accelerator(vmlinuz: string, initramfs: string): Promise<Accelerator> {
  known ??= existsSync('/dev/kvm') ? probe(vmlinuz, initramfs) : Promise.resolve('tcg');
  return known;
}

async function probe(vmlinuz: string, initramfs: string): Promise<Accelerator> {
  const args = ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-m', '256', '-serial', 'stdio'];
  const boot = ['-kernel', vmlinuz, '-initrd', initramfs, '-append', 'console=ttyS0 quiet panic=-1 rig.probe=yes'];
  const qemu = spawn(QEMU, ['-accel', 'kvm', '-cpu', 'host', ...args, ...boot], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, PATH: toolPath },
  });
  const watchdog = setTimeout(() => qemu.kill('SIGKILL'), PROBE_MS_MAX);
  let said = '';
  qemu.stdout.setEncoding('latin1').on('data', (text: string) => {
    said += text;
  });
  return new Promise((resolve) => {
    qemu.once('error', () => undefined);
    qemu.once('close', () => {
      clearTimeout(watchdog);
      resolve(said.includes(PROBE_SAYS) ? 'kvm' : 'tcg');
    });
  });
}
