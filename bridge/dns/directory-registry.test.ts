import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RuntimeDirectory } from '../agent/runtime-directory.ts';
import { IoError } from '../errors.ts';
import { agentOf, type LeaseId } from '../lease/lease-id.ts';
import { anyText } from '../text.test.support.ts';
import { DirectoryRegistry } from './directory-registry.ts';
import type { ServiceRecord } from './service-record.ts';

let root: string;
let directory: RuntimeDirectory;
let registry: DirectoryRegistry;

beforeEach(() => {
  root = mkdtempSync(join(realpathSync(tmpdir()), 'leasewire-test-'));
  directory = new RuntimeDirectory(join(root, 'run'));
  registry = new DirectoryRegistry(directory);
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function recordOf(service: string, number: number): ServiceRecord {
  const lease = number.toString(16).padStart(32, '0') as LeaseId;
  const agent = agentOf(lease);
  return {
    service,
    instance: lease,
    node: 'node-1',
    agent,
    lease,
    generation: 1,
    planes: ['local'],
    address: directory.socketPath(agent),
  };
}

const folderOf = (service: string) => join(directory.servicesPath, service);
const byInstance = (a: ServiceRecord, b: ServiceRecord) => a.instance.localeCompare(b.instance);

describe('records', () => {
  test('are listed by service, as they were published', () => {
    const records = [recordOf('echo', 1), recordOf('echo', 2), recordOf('other', 3)];
    for (const record of records) registry.publish(record);
    expect([...registry.list('echo')].sort(byInstance)).toEqual(records.slice(0, 2));
    expect(registry.list('other')).toEqual(records.slice(2));
    expect(registry.list('none')).toEqual([]);
    // Anybody may ask for anything: that leaves nothing behind.
    expect(existsSync(folderOf('none'))).toBe(false);
  });

  test('are seen by every registry on the same directory', () => {
    registry.publish(recordOf('echo', 1));
    expect(new DirectoryRegistry(new RuntimeDirectory(directory.path)).list('echo')).toHaveLength(1);
  });

  test('replace what the instance said before', () => {
    registry.publish(recordOf('echo', 1));
    registry.publish({ ...recordOf('echo', 1), generation: 2 });
    expect(registry.list('echo').map(({ generation }) => generation)).toEqual([2]);
  });

  test('are withdrawn, once or twice, without the others', () => {
    const [one, two] = [recordOf('echo', 1), recordOf('echo', 2)] as const;
    registry.publish(one);
    registry.publish(two);
    registry.withdraw(one);
    registry.withdraw(one);
    expect(registry.list('echo')).toEqual([two]);
  });

  test('are not taken from a folder that others can enter', () => {
    mkdirSync(folderOf('echo'), { mode: 0o755 });
    expect(() => registry.list('echo')).toThrow(IoError);
  });

  test('are files of this user alone, in folders of this user alone', () => {
    registry.publish(recordOf('echo', 1));
    expect(statSync(folderOf('echo')).mode & 0o777).toBe(0o700);
    const [name] = readdirSync(folderOf('echo'));
    expect(statSync(join(folderOf('echo'), name as string)).mode & 0o777).toBe(0o600);
    expect(readdirSync(folderOf('echo'))).toHaveLength(1);
  });
});

describe('a hostile name', () => {
  const hostile = ['../x', '..', '.', '', '/tmp/x', 'a/../../x', '.hidden', 'a\0b', 'x'.repeat(129)];

  test.each(hostile)('%j is refused, and makes no folder', (service) => {
    const before = readdirSync(root, { recursive: true });
    const record = { ...recordOf('echo', 1), service };
    for (const act of [
      () => registry.publish(record),
      () => registry.withdraw(record),
      () => registry.list(service),
      () => registry.watch(service, () => undefined),
    ]) {
      expect(act).toThrow(RangeError);
    }
    expect(readdirSync(root, { recursive: true })).toEqual(before);
  });
});

describe('what is no record', () => {
  /** Lists after something was put into the folder under this name. */
  function listWith(name: string, content: string): readonly ServiceRecord[] {
    mkdirSync(folderOf('echo'), { recursive: true, mode: 0o700 });
    writeFileSync(join(folderOf('echo'), name), content);
    return registry.list('echo');
  }

  test('is passed over, whatever its bytes', () => {
    registry.publish(recordOf('echo', 1));
    fc.assert(
      fc.property(fc.oneof(anyText, fc.json()), (content) => {
        expect(listWith('nonsense', content)).toEqual([recordOf('echo', 1)]);
      }),
      { numRuns: 50 },
    );
  });

  test('is passed over if it names another service, or another instance than its file', () => {
    const record = recordOf('echo', 1);
    expect(listWith(recordOf('echo', 2).instance, JSON.stringify(record))).toEqual([]);
    expect(listWith(record.instance, JSON.stringify({ ...record, service: 'other' }))).toEqual([]);
    expect(listWith('..x', JSON.stringify({ ...record, instance: '..x' }))).toEqual([]);
    expect(listWith(record.instance, JSON.stringify({ ...record, instance: '../../x' }))).toEqual([]);
  });

  test('is passed over if it is not finished', () => {
    expect(listWith(`.${recordOf('echo', 1).instance}`, JSON.stringify(recordOf('echo', 1)))).toEqual([]);
  });

  test('is passed over if it is no file: neither a folder, nor a link, nor a pipe that would block', () => {
    registry.publish(recordOf('echo', 1));
    const folder = folderOf('echo');
    mkdirSync(join(folder, 'folder'));
    symlinkSync('/proc/self/environ', join(folder, 'link'));
    symlinkSync('loop', join(folder, 'loop'));
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    expect(registry.list('echo')).toEqual([recordOf('echo', 1)]);
    expect(existsSync(join(folder, 'folder'))).toBe(true);
  });
});

describe('watching', () => {
  test('tells of what is published and withdrawn, until it is closed', async () => {
    let tell: () => void = () => undefined;
    const change = () =>
      new Promise<void>((resolve) => {
        tell = resolve;
      });
    const watcher = registry.watch('echo', () => tell());
    const published = change();
    registry.publish(recordOf('echo', 1));
    await published;
    const withdrawn = change();
    registry.withdraw(recordOf('echo', 1));
    await withdrawn;
    watcher.close();
  });

  test('does not keep the process alive', () => {
    const watcher = registry.watch('echo', () => undefined);
    expect(process.getActiveResourcesInfo()).not.toContain('FSEvent');
    watcher.close();
  });
});
