// A lease's end, seen by processes and threads that are not looking: they fail closed, and no byte passes from one lease
// to the next.
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { HomeLease } from '../../sdk/conformance/index.ts';
import { RawHolder } from '../programs/raw-holder.ts';
import { monotonicMs } from '../programs/voice.ts';
import { privateRuntimeDirectory } from './place.ts';
import { endProgramsAfterEach, type Home, Program, startHome } from './program.ts';

privateRuntimeDirectory();
endProgramsAfterEach();

/** Time enough to attach from a fresh process, twice, on a busy machine. */
const leaseMs = 1500;

interface Held {
  readonly home: Home;
  readonly there: HomeLease;
  readonly holder: Program;
  /** Sees the bytes whatever has become of the lease. */
  readonly spy: RawHolder;
}

async function hold(): Promise<Held> {
  const home = await startHome();
  const there = await home.driver.acquire({ leaseSecs: 60 });
  await there.serve();
  const spy = new RawHolder(there.url, { slots: 0 });
  const holder = new Program('hw-tests/programs/holder', [there.url]);
  await holder.hear('attached');
  await there.renew(leaseMs / 1000);
  return { home, there, holder, spy };
}

function arenaOf(spy: RawHolder): Buffer {
  return Buffer.from(spy.bytes.subarray(0, spy.arenaBytes));
}

interface Outcome {
  readonly name: string;
  readonly mayHaveExecuted?: boolean;
}

async function outcomesOf(holder: Program): Promise<Record<string, Outcome>> {
  return (await holder.hear('used'))['outcomes'] as Record<string, Outcome>;
}

function expectAll(outcomes: Record<string, Outcome>, name: string): void {
  for (const [operation, outcome] of Object.entries(outcomes))
    expect({ operation, ...outcome }).toMatchObject({ name });
}

describe('a holder that was stopped beyond the end of its lease', () => {
  const operations = ['call', 'callSync', 'write', 'fetchAdd', 'compareExchange', 'read', 'renew'];

  test('does nothing any more, once it goes on', async () => {
    const { there, holder, spy } = await hold();
    holder.signal('SIGSTOP');
    const before = arenaOf(spy);
    expect(await there.ended()).toBe('expired');
    holder.tell('everything');
    holder.signal('SIGCONT');
    expectAll(await outcomesOf(holder), 'LeaseExpired');
    expect(arenaOf(spy).equals(before)).toBe(true);
  });

  test.each(operations)('%s touches no byte, though the home is stopped too', async (operation) => {
    const { home, holder, spy } = await hold();
    // Its time begins when the renewal has come to it.
    await setTimeout(50);
    home.signal('SIGSTOP');
    holder.signal('SIGSTOP');
    const before = arenaOf(spy);
    await setTimeout(leaseMs);
    holder.tell(operation);
    holder.signal('SIGCONT');
    const outcomes = await outcomesOf(holder);
    home.signal('SIGCONT');
    expectAll(outcomes, 'LeaseExpired');
    expect(arenaOf(spy).equals(before)).toBe(true);
  });
});

describe('a home that is stopped', () => {
  test('does not keep its holder from ending by its own clock', async () => {
    const { home, there, holder } = await hold();
    const renewedAtMs = monotonicMs();
    await setTimeout(50);
    home.signal('SIGSTOP');
    const ended = await holder.hear('ended');
    console.log(
      `the holder ended ${(Number(ended['atMs']) - renewedAtMs).toFixed(1)} ms after a renewal for ${leaseMs} ms`,
    );
    expect(ended['status']).toBe('expired');
    holder.tell('everything');
    expectAll(await outcomesOf(holder), 'LeaseExpired');
    home.signal('SIGCONT');
    expect(await there.ended()).toBe('expired');
  });

  test('never runs, once it goes on, what its client was told had not run', async () => {
    const rounds = await Promise.all(
      ['call', 'callSync', 'call', 'callSync'].map(async (operation) => {
        const { home, there, holder } = await hold();
        await setTimeout(50);
        home.signal('SIGSTOP');
        holder.tell(operation);
        const outcome = (await outcomesOf(holder))[operation];
        home.signal('SIGCONT');
        await there.ended();
        return { operation, ...outcome, calls: await there.calls() };
      }),
    );
    console.log(JSON.stringify(rounds));
    for (const { name, mayHaveExecuted, calls } of rounds) {
      expect(name).toBe('LeaseExpired');
      // One call was made when the holder began.
      if (!mayHaveExecuted) expect(calls).toBe(1);
    }
  });
});

test('threads that call, block and serve all learn that their lease has expired', async () => {
  const program = new Program('hw-tests/programs/expiry-workers', ['700']);
  for (const role of ['caller', 'blocked']) {
    const { client, server } = await program.hear(role);
    console.log(`${role}: ${JSON.stringify(client)}`);
    expect(client).toMatchObject({ name: 'LeaseExpired' });
    expect(server).toMatchObject({ name: 'LeaseExpired' });
    expect(await program.hear('exits')).toMatchObject({ codes: [0, 0] });
  }
  expect(await program.ended).toEqual({ status: 0, stderr: '' });
});

test('a lease shows no byte of those before it, nor of those who still write to them', async () => {
  const home = await startHome();
  const bytes = 65536;
  const ghosts: RawHolder[] = [];
  const scribble = () => {
    for (const ghost of ghosts) ghost.bytes.fill(0xa5);
  };
  for (let round = 0; round < 30; round++) {
    const lease = await home.driver.acquire({ minBytes: bytes, leaseSecs: round % 3 === 0 ? 0.1 : 60 });
    scribble();
    expect((await lease.read(0, bytes)).every((byte) => byte === 0)).toBe(true);
    ghosts.push(new RawHolder(lease.url, { slots: 0 }));
    if (round % 3 === 1) await lease.release();
    if (round % 3 === 2) await lease.revoke();
    await lease.ended();
  }
});
