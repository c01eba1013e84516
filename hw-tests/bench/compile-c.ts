// Compiles a bench's C program here and now, with this machine's compiler.
import { execFileSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { sourceFile } from './project.ts';

const CC_FLAGS = ['-std=c11', '-O2', '-Wall', '-Wextra'];

/** `source` from the root of the project. The program's path, in `directory`. Throws what the compiler says. */
export function compileC(source: string, directory: string): string {
  const program = join(directory, basename(source, '.c'));
  const compiler = process.env['CC'] ?? 'cc';
  execFileSync(compiler, [...CC_FLAGS, sourceFile(source), '-o', program], { stdio: 'pipe' });
  return program;
}
