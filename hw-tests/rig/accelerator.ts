// Whether QEMU can use the processor's virtualisation here. /dev/kvm promises nothing: a short boot has to show it.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type Accelerator, cpuModel, QEMU } from './machine-options.ts';
import { toolPath } from './tool.ts';

const PROBE_MS_MAX = 6_000;
/** From guest/init.sh. */
const PROBE_SAYS = 'rig: probe ran';

let known: Promise<Accelerator> | undefined;

/** Remembered for the life of this process. */
export function accelerator(vmlinuz: string, initramfs: string): Promise<Accelerator> {
  known ??= existsSync('/dev/kvm') ? probe(vmlinuz, initramfs) : Promise.resolve('tcg');
  return known;
}

function probe(vmlinuz: string, initramfs: string): Promise<Accelerator> {
  const args = [
    ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-serial', 'stdio'],
    ['-accel', 'kvm', '-cpu', cpuModel('kvm'), '-m', '512'],
    ['-kernel', vmlinuz, '-initrd', initramfs, '-append', 'console=ttyS0 quiet panic=-1 RIG_PROBE=yes'],
  ].flat();
  const options = { timeout: PROBE_MS_MAX, killSignal: 'SIGKILL', env: { ...process.env, PATH: toolPath } } as const;
  return new Promise((resolve) => {
    execFile('setpriv', ['--pdeathsig', 'KILL', QEMU, ...args], options, (_error, stdout) => {
      resolve(stdout.includes(PROBE_SAYS) ? 'kvm' : 'tcg');
    });
  });
}
