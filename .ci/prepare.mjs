// Brings a fresh checkout to where any of its commands can run: compiler, dependencies, build. Each step is skipped
// when there is nothing to do, so that this can stand before every command. Uses Node alone: nothing is installed yet.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const debianPackages = { 'g++': 'g++', make: 'make', python3: 'python3', 'clang-format': 'clang-format', spin: 'spin' };
const versionOptions = { spin: '-V' };
const sourceFolders = ['bridge', 'native', 'sdk', 'sim', 'hw-tests', 'examples'];

function run(command, ...args) {
  execFileSync(command, args, { cwd: root, stdio: 'inherit' });
}

function missingTools(tools) {
  return tools.filter(
    (tool) => spawnSync(tool, [versionOptions[tool] ?? '--version'], { stdio: 'ignore' }).status !== 0,
  );
}

/** Installs Debian packages where this user may; says what is missing where not. */
function ensureTools(tools) {
  const missing = missingTools(tools);
  if (missing.length === 0) return;
  const packages = missing.map((tool) => debianPackages[tool]).join(' ');
  if (process.getuid() !== 0 || missingTools(['apt-get']).length > 0) {
    console.error(`leasewire needs ${missing.join(', ')}. On Debian: apt-get install ${packages}`);
    process.exit(1);
  }
  run('apt-get', 'update', '-qq');
  run('apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...packages.split(' '));
}

function modifiedMs(path) {
  return existsSync(join(root, path)) ? statSync(join(root, path)).mtimeMs : 0;
}

function newestSourceMs(folder) {
  const entries = readdirSync(join(root, folder), { withFileTypes: true, recursive: true });
  const sources = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.ts'));
  return Math.max(0, ...sources.map((entry) => statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs));
}

function ensureDependencies() {
  const installed = modifiedMs('node_modules/.package-lock.json');
  if (installed >= modifiedMs('package-lock.json')) return;
  // The addon is built below; no dependency needs an install script of its own.
  // Not `npm ci`, which refuses a lock file that was written where a registry lacks other platforms' binaries.
  run('npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-save');
}

function ensureBuilt() {
  run(process.execPath, 'native/build.mjs');
  const newest = Math.max(...sourceFolders.map(newestSourceMs), modifiedMs('tsconfig.json'));
  if (modifiedMs('dist/sdk/index.js') > newest) return;
  run(process.execPath, 'node_modules/typescript/bin/tsc');
}

// The simulator's tests have spin go through a model of the protocol.
const ofCommand = { '--lint': 'clang-format', '--test': 'spin' };
const extra = Object.keys(ofCommand).filter((option) => process.argv.includes(option));
ensureTools(['g++', 'make', 'python3', ...extra.map((option) => ofCommand[option])]);
ensureDependencies();
ensureBuilt();
