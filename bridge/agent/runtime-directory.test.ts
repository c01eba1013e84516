import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CarrierTransport } from '../control/carrier.ts';
import { CapacityExceeded, Disconnected, IoError } from '../errors.ts';
import { newAgentId } from '../lease/lease-id.ts';
import { defaultRuntimePath, isAlive, makePrivate, RuntimeDirectory, removeIfThere } from './runtime-directory.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(realpathSync(tmpdir()), 'leasewire-test-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const modeOf = (path: string) => statSync(path).mode & 0o777;

describe('the place', () => {
  test.each([
    [{ LEASEWIRE_RUNTIME_DIR: '/chosen', XDG_RUNTIME_DIR: '/run/user/7' }, '/chosen'],
    [{ XDG_RUNTIME_DIR: '/run/user/7' }, '/run/user/7/leasewire'],
    [{ LEASEWIRE_RUNTIME_DIR: '', XDG_RUNTIME_DIR: '' }, join(tmpdir(), `leasewire-${process.getuid?.()}`)],
    [{}, join(tmpdir(), `leasewire-${process.getuid?.()}`)],
  ])('for %j is %s', (env, path) => {
    expect(defaultRuntimePath(env)).toBe(path);
  });

  test('has to be absolute', () => {
    expect(() => new RuntimeDirectory('here')).toThrow(IoError);
  });
});

describe('a run-time directory', () => {
  test('is made with all that belongs to it, for this user alone, whatever the umask', () => {
    const umask = process.umask(0);
    try {
      const directory = new RuntimeDirectory(join(root, 'run'));
      for (const path of [directory.path, directory.agentsPath, directory.servicesPath]) {
        expect(modeOf(path)).toBe(0o700);
      }
    } finally {
      process.umask(umask);
    }
  });

  test('may be there already', () => {
    const path = join(root, 'run');
    const first = new RuntimeDirectory(path);
    expect(new RuntimeDirectory(path).agentsPath).toBe(first.agentsPath);
  });

  test.each([0o710, 0o701, 0o750, 0o755, 0o770, 0o777, 0o740, 0o704])('of mode %o is refused', (mode) => {
    const path = join(root, 'run');
    mkdirSync(path);
    chmodSync(path, mode);
    expect(() => new RuntimeDirectory(path)).toThrow(IoError);
    expect(() => new RuntimeDirectory(path)).toThrow(`has mode ${mode.toString(8)}`);
    expect(modeOf(path)).toBe(mode);
  });

  test('is refused if a part of it is open to others', () => {
    const { agentsPath, path } = new RuntimeDirectory(join(root, 'run'));
    chmodSync(agentsPath, 0o711);
    expect(() => new RuntimeDirectory(path)).toThrow(IoError);
  });

  test('of another user is refused', () => {
    // The superuser can make one; for anybody else the system's own will do.
    const path = process.getuid?.() === 0 ? join(root, 'run') : '/usr';
    if (process.getuid?.() === 0) {
      mkdirSync(path, { mode: 0o700 });
      chownSync(path, 65534, 65534);
    }
    expect(() => makePrivate(path)).toThrow('belongs to user');
  });

  test('is neither a file nor a link, even to a good one', () => {
    const good = join(root, 'good');
    mkdirSync(good, { mode: 0o700 });
    symlinkSync(good, join(root, 'link'));
    writeFileSync(join(root, 'file'), '', { mode: 0o600 });
    expect(() => makePrivate(join(root, 'link'))).toThrow('is not a directory');
    expect(() => makePrivate(join(root, 'file'))).toThrow(IoError);
    expect(() => makePrivate(join(root, 'file', 'below'))).toThrow(IoError);
  });

  test('names each agent’s socket', () => {
    const directory = new RuntimeDirectory(join(root, 'run'));
    const agent = newAgentId(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    expect(directory.socketPath(agent)).toBe(join(root, 'run', 'agents', '0102030405060708.sock'));
  });
});

describe('removing', () => {
  test('what is not there is as good', () => {
    removeIfThere(join(root, 'nothing'));
  });

  test('what cannot be removed fails', () => {
    mkdirSync(join(root, 'directory'));
    expect(() => removeIfThere(join(root, 'directory'))).toThrow(IoError);
  });
});

/** A transport that only says whether somebody listens, and notes who asked. */
class Probe implements CarrierTransport {
  readonly asked: string[] = [];
  readonly #failure: Error | undefined;

  constructor(failure?: Error) {
    this.#failure = failure;
  }

  listen(): never {
    throw new Error('nobody listens here');
  }

  connect(address: string): ReturnType<CarrierTransport['connect']> {
    this.asked.push(address);
    if (this.#failure !== undefined) throw this.#failure;
    const nothing = () => undefined;
    const told = { send: nothing, pump: nothing, greeted: nothing, keepAlive: nothing, close: nothing };
    return { carriesAttachments: true, open: nothing, ...told };
  }
}

const dead = () => new Probe(new Disconnected('refused'));

describe('sweeping', () => {
  const agent = '0123456789abcdef';
  let directory: RuntimeDirectory;
  let server: Server;
  const pathOf = (name: string) => join(directory.agentsPath, name);

  /** Leaves a socket behind, as a process does that is killed. */
  async function leaveSocket(name: string, ageMs = 0): Promise<string> {
    server = createServer();
    const born = pathOf('born');
    await new Promise<void>((resolve) => server.listen(born, resolve));
    const { linkSync } = await import('node:fs');
    linkSync(born, pathOf(name));
    await new Promise((resolve) => server.close(resolve));
    const seconds = Date.now() / 1000 - ageMs / 1000;
    utimesSync(pathOf(name), seconds, seconds);
    return pathOf(name);
  }

  beforeEach(() => {
    directory = new RuntimeDirectory(join(root, 'r'));
  });

  test('removes the socket of an agent that is gone', async () => {
    const path = await leaveSocket(`${agent}.sock`);
    directory.sweepAgents(dead());
    expect(existsSync(path)).toBe(false);
  });

  test.each([
    ['answers', undefined],
    ['is too busy to answer', new CapacityExceeded('backlog')],
    ['answers in a way that we do not know', new IoError('EPERM')],
  ])('leaves that of one that %s', async (_what, failure) => {
    const path = await leaveSocket(`${agent}.sock`);
    directory.sweepAgents(new Probe(failure));
    expect(existsSync(path)).toBe(true);
  });

  test('leaves a socket that is being born, until it is too old for that', async () => {
    const young = await leaveSocket(`${agent}.sock.new`, 10_000);
    const old = await leaveSocket(`${'f'.repeat(16)}.sock.new`, 120_000);
    directory.sweepAgents(dead());
    expect([existsSync(young), existsSync(old)]).toEqual([true, false]);
  });

  test('leaves what is no socket, whatever its name and age', () => {
    const names = [`${agent}.sock`, `${agent}.json`, `${agent}.sock.new`, 'notes.txt'];
    for (const name of names) {
      writeFileSync(pathOf(name), '');
      utimesSync(pathOf(name), 0, 0);
    }
    mkdirSync(pathOf(`${'a'.repeat(16)}.sock`));
    const probe = dead();
    directory.sweepAgents(probe);
    for (const name of names) expect(existsSync(pathOf(name))).toBe(true);
    expect(existsSync(pathOf(`${'a'.repeat(16)}.sock`))).toBe(true);
    expect(probe.asked).toEqual([]);
  });
});

describe('isAlive', () => {
  test('is said of whoever does anything but refuse', () => {
    expect(isAlive('x', new Probe())).toBe(true);
    expect(isAlive('x', new Probe(new CapacityExceeded('full')))).toBe(true);
    expect(isAlive('x', dead())).toBe(false);
  });
});
