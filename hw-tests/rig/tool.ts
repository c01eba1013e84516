// Runs a program of this machine to its end, for setting the rig up.
import { execFile } from 'node:child_process';
import { ToolFailed } from './errors.ts';

const OUTPUT_BYTES_MAX = 64 << 20;

export interface ToolOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Its stdout. Rejects with ToolFailed unless it ends well. */
export async function runTool(command: string, args: readonly string[], options: ToolOptions = {}): Promise<string> {
  const env = { ...process.env, LC_ALL: 'C', PATH: toolPath, ...options.env };
  return new Promise((resolve, reject) => {
    execFile(command, args, { ...options, env, maxBuffer: OUTPUT_BYTES_MAX }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new ToolFailed(`${command} ${args[0] ?? ''}: ${stderr.trim() || error.message}`, { cause: error }));
    });
  });
}

/** Users other than root seldom have the administrator's programs on their path. */
export const toolPath: string = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`;
