// Whether QEMU can use the processor's virtualisation here. /dev/kvm promises nothing: a short boot has to show it.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type Accelerator, cpuModel, QEMU } from './machine-options.ts';
import { toolPath } from './tool.ts';

/** A kernel under KVM takes one or two seconds. */
const PROBE_MS_MAX = 6_000;
/** From guest/init.sh. */
const PROBE_SAYS = 'rig: probe ran';

let known: Promise<Accelerator> | undefined;

/** Remembered for the life of this process. */
export function accelerator(vmlinuz: string, initramfs: string): Promise<Accelerator> {
  known ??= choose(vmlinuz, initramfs);
  return known;
}

async function choose(vmlinuz: string, initramfs: string): Promise<Accelerator> {
  return existsSync('/dev/kvm') && (await boots('kvm', vmlinuz, initramfs, PROBE_MS_MAX)) ? 'kvm' : 'tcg';
}

/** Whether a kernel comes up to its first program, and goes down again, in that time. */
export function boots(accelerated: Accelerator, vmlinuz: string, initramfs: string, msMax: number): Promise<boolean> {
  const args = [
    ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-serial', 'stdio'],
    ['-accel', accelerated, '-cpu', cpuModel(accelerated), '-m', '512'],
    ['-kernel', vmlinuz, '-initrd', initramfs, '-append', 'console=ttyS0 quiet panic=-1 RIG_PROBE=yes'],
  ].flat();
  const options = { timeout: msMax, killSignal: 'SIGKILL', env: { ...process.env, PATH: toolPath } } as const;
  return new Promise((resolve) => {
    execFile('setpriv', ['--pdeathsig', 'KILL', QEMU, ...args], options, (error, stdout) => {
      resolve(error === null && stdout.includes(PROBE_SAYS));
    });
  });
}
