// What src/verbs/abi.h declares is what the header of the installed libibverbs does.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const header = '/usr/include/infiniband/verbs.h';
const folder = import.meta.dirname;

/** Installs the header where this user may. */
function ensureHeader(): boolean {
  if (!existsSync(header) && process.getuid?.() === 0) {
    for (const args of [
      ['update', '-qq'],
      ['install', '-y', '-qq', '--no-install-recommends', 'libibverbs-dev'],
    ]) {
      spawnSync('apt-get', args, { stdio: 'ignore' });
    }
  }
  return existsSync(header);
}

const hasHeader = ensureHeader();
if (!hasHeader) console.error(`SKIPPED, no ${header}: the declarations of verbs; on Debian: libibverbs-dev`);

/** With the declarations in `include`, and all else as it is. */
function compile(include: string): { status: number | null; stderr: string } {
  const source = join(folder, 'test-programs', 'verbs_abi.cc');
  const args = ['-std=c++20', '-fsyntax-only', '-Wno-invalid-offsetof', `-I${include}`, source];
  const { status, stderr } = spawnSync('g++', args, { encoding: 'utf8' });
  return { status, stderr };
}

test.skipIf(!hasHeader)('every declaration has its offset, size and value', () => {
  expect(compile(join(folder, 'src'))).toEqual({ status: 0, stderr: '' });
});

test.skipIf(!hasHeader).each([
  ['a field too many', 'abi.h', '  int max_qp_rd_atom;', '  int inserted;\n  int max_qp_rd_atom;'],
  ['a wrong value', 'abi_values.h', 'kWrRdmaRead = 4', 'kWrRdmaRead = 3'],
])('a declaration that differs is found: %s', (_name, file, right, wrong) => {
  const include = mkdtempSync(join(tmpdir(), 'leasewire-test-'));
  try {
    cpSync(join(folder, 'src', 'verbs'), join(include, 'verbs'), { recursive: true });
    const text = readFileSync(join(include, 'verbs', file), 'utf8');
    expect(text).toContain(right);
    writeFileSync(join(include, 'verbs', file), text.replace(right, wrong));
    const { status, stderr } = compile(include);
    expect(status).toBe(1);
    expect(stderr).toContain('static assertion failed');
  } finally {
    rmSync(include, { recursive: true });
  }
});
