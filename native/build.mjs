// Builds the addon with npm's node-gyp: `node native/build.mjs [--sanitize]`. Does nothing while the output is
// newer than every source, so it can be called before each run.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const folder = import.meta.dirname;
const prefix = resolve(dirname(process.execPath), '..');
const sanitize = process.argv.includes('--sanitize');
const output = join(folder, 'build', sanitize ? 'Debug' : 'Release', 'leasewire.node');

function fail(message) {
  console.error(`leasewire: can not build the native addon: ${message}`);
  process.exit(1);
}

function modifiedMs(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

function isFresh() {
  const inputs = readdirSync(join(folder, 'src'), { recursive: true }).map((name) => join(folder, 'src', name));
  inputs.push(join(folder, 'binding.gyp'));
  return inputs.every((path) => modifiedMs(path) < modifiedMs(output));
}

function runs(command) {
  return spawnSync(`${command} --version`, { shell: true, stdio: 'ignore' }).status === 0;
}

function missingTools() {
  const { CXX = 'g++', MAKE = 'make', PYTHON = 'python3', npm_config_python: python = PYTHON } = process.env;
  return [CXX, MAKE, python].filter((tool) => !runs(tool));
}

/** npm names its node-gyp to the scripts it runs; else it is beside this node, or where npm says that npm is. */
function nodeGypPath() {
  const inside = (modules) => join(modules, 'npm', 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
  const near = [process.env.npm_config_node_gyp ?? '', inside(join(prefix, 'lib', 'node_modules'))].find(existsSync);
  if (near !== undefined) return near;
  const modules = spawnSync('npm', ['root', '--global'], { encoding: 'utf8' }).stdout?.trim() ?? '';
  return existsSync(inside(modules)) ? inside(modules) : undefined;
}

/** Headers installed beside node; without them node-gyp downloads those of this version. */
function localHeaders() {
  const headers = process.env.npm_config_nodedir ?? prefix;
  return existsSync(join(headers, 'include', 'node', 'node_api.h')) ? [`--nodedir=${headers}`] : [];
}

function build() {
  const missing = missingTools();
  if (missing.length > 0) fail(`${missing.join(', ')} not found; install a C++20 compiler, make and Python 3`);
  const nodeGyp = nodeGypPath();
  if (nodeGyp === undefined) fail("npm's node-gyp not found; install npm, or set npm_config_node_gyp to its path");
  const configuration = sanitize ? '--debug' : '--release';
  const options = [configuration, '-C', folder, '--jobs', '2', '--loglevel', 'error', ...localHeaders()];
  // Two builds at once would write the same files; the lock goes with the process that holds it.
  const lock = runs('flock') ? ['flock', folder] : [];
  const [program, ...rest] = [...lock, process.execPath, nodeGyp, 'configure', 'build', ...options];
  const result = spawnSync(program, rest, { stdio: 'inherit' });
  if (result.status !== 0) fail(`node-gyp ended with ${result.status ?? result.signal}`);
}

if (!isFresh()) build();
