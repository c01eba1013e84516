// Queues between processes, of which one is killed again and again: the whole history is looked at.
import { closeSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Disconnected, FabricQueue, MemBuilder } from '#sdk';
import { privateRuntimeDirectory } from './place.ts';
import { endProgramsAfterEach, Program } from './program.ts';

privateRuntimeDirectory();
endProgramsAfterEach();

const items = Number(process.env['LEASEWIRE_TEST_ITEMS'] ?? 300_000);
/** How often the holder dies, at least. */
const kills = 15;
const lifeMsMax = 30;
const msMax = 600_000;

let folder: string;
let history: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'leasewire-queue-'));
  history = join(folder, 'history');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function end(from: string, deed: 'produces' | 'consumes' | 'idles'): Program {
  return new Program('hw-tests/programs/queue-end', [from, deed, String(items), history]);
}

/** Every number once, in order: u64 records, little-endian. */
function checkHistory(): void {
  const file = openSync(history, 'r');
  const chunk = Buffer.alloc(2 ** 20);
  let expected = 0;
  for (let bytes = readSync(file, chunk); bytes > 0; bytes = readSync(file, chunk)) {
    expect(bytes % 8).toBe(0);
    for (let at = 0; at < bytes; at += 8) {
      const number = Number(chunk.readBigUInt64LE(at));
      if (number !== expected) throw new Error(`record ${expected} is ${number}`);
      expected += 1;
    }
  }
  closeSync(file);
  expect(expected).toBe(items);
}

/** Holders one after the other, all but the last of which are killed soon after they have begun. */
async function dying(url: string, deed: 'produces' | 'consumes'): Promise<Program> {
  for (let died = 0; died < kills; died++) {
    const victim = end(url, deed);
    await victim.hear('working');
    await setTimeout(Math.random() * lifeMsMax);
    await victim.kill();
  }
  return end(url, deed);
}

describe(`${items} items, past kill -9`, () => {
  test('of the producer: the consumer at home gets each once, in order', { timeout: msMax }, async () => {
    const home = end('home', 'consumes');
    const { url } = await home.hear('ready');
    const last = await dying(String(url), 'produces');
    const { first } = await last.hear('done', msMax);
    console.log(`the producer died ${kills} times; the last one began at item ${first}`);
    expect(await home.hear('done', msMax)).toMatchObject({ taken: items, skipped: 0 });
    checkHistory();
  });

  test('of the consumer: its successors get what it did not give back', { timeout: msMax }, async () => {
    const home = end('home', 'produces');
    const { url } = await home.hear('ready');
    const last = await dying(String(url), 'consumes');
    const { taken, skipped } = await last.hear('done', msMax);
    console.log(`the consumer died ${kills} times; the last one took ${taken} items, and skipped ${skipped}`);
    expect(Number(skipped)).toBeLessThanOrEqual(1);
    checkHistory();
  });

  test('of the home: the holder’s wait ends with Disconnected', async () => {
    const home = end('home', 'idles');
    const { url } = await home.hear('ready');
    await using lease = await MemBuilder.attach(String(url));
    const queue = await FabricQueue.attach<number>(lease);
    const received = queue.receive().catch((error: unknown) => error);
    await setTimeout(50);
    await home.kill();
    expect(await received).toMatchObject({ code: 'Disconnected' });
    expect(lease.status).toBe('disconnected');
    expect(() => queue.pop()).toThrow(Disconnected);
  });
});
