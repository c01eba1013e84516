// Calls: what is sent arrives, once, in order, from whichever side of the clock one looks.
import { expect } from 'vitest';
import {
  Contention,
  DeadlineExceeded,
  PayloadTooLarge,
  payloadBytesMax,
  RpcClient,
  RpcServer,
  Unsupported,
} from '../index.ts';
import { callIn, callModes, expectFailure, mayHaveExecuted, neverExecuted } from './expect-failure.ts';
import { delayed, methods } from './home-methods.ts';
import type { Cases, Stage } from './stage.ts';

/** The header's neighbourhood, powers of two and their neighbours, and the ends. */
const sizes = [0, 1, 7, 8, 9, 17, 63, 64, 65, 255, 256, 1000, 4096, 16384, 16385, 32750, 32751];

function bytesOf(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 167 + (index >> 8) + seed) & 0xff);
}

const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value));

async function everySizeArrives(stage: Stage): Promise<void> {
  expect(payloadBytesMax).toBe(32751);
  const { client } = await stage.serve();
  for (const mode of callModes) {
    for (const size of sizes) {
      const request = bytesOf(size, size);
      expect(Buffer.compare(await callIn(mode, client, methods.echo, request), request), `${mode} ${size}`).toBe(0);
      const reversed = request.slice().reverse();
      expect(Buffer.compare(await callIn(mode, client, methods.reverse, request), reversed)).toBe(0);
    }
  }
}

async function everyWaitModeWorks(stage: Stage): Promise<void> {
  for (const wait of ['busy', 'adaptive', 'event'] as const) {
    const { there, client } = await stage.serve({}, { wait });
    for (const mode of callModes) {
      for (let i = 0; i < 20; i++) {
        const request = bytesOf(i, i);
        expect(await callIn(mode, client, methods.echo, request)).toEqual(request);
      }
    }
    for (const mode of stage.patientModes) {
      const slow = await callIn(mode, client, methods.slow, delayed(20, text(wait)));
      expect(slow).toEqual(text(wait));
    }
    await there.release();
  }
}

async function tooLargeWritesNothing(stage: Stage): Promise<void> {
  const { there, here, client } = await stage.serve();
  await client.call(methods.echo, bytesOf(32751));
  const before = await here.mem().read(0, 65536);
  for (const mode of callModes) {
    await expectFailure(callIn(mode, client, methods.echo, new Uint8Array(32752)), PayloadTooLarge, neverExecuted);
  }
  expect(Buffer.compare(await here.mem().read(0, 65536), before)).toBe(0);
  expect(await there.calls()).toBe(1);
  expect(await client.call(methods.echo, bytesOf(3))).toEqual(bytesOf(3));
}

async function tooLargeInTheQueueHarmsNoOther(stage: Stage): Promise<void> {
  const { client } = await stage.serve();
  const first = client.call(methods.slow, delayed(50, bytesOf(1)));
  const refused = expectFailure(client.call(methods.echo, new Uint8Array(32752)), PayloadTooLarge, neverExecuted);
  const last = client.call(methods.echo, bytesOf(2));
  await refused;
  expect(await first).toEqual(bytesOf(1));
  expect(await last).toEqual(bytesOf(2));
}

async function argumentsAreChecked(stage: Stage): Promise<void> {
  const { there, client } = await stage.serve();
  for (const mode of callModes) {
    const payload = 'text' as unknown as Uint8Array;
    await expectFailure(callIn(mode, client, methods.echo, payload), TypeError);
    for (const methodId of [-1, 2 ** 32, 0.5]) {
      await expectFailure(callIn(mode, client, methodId, bytesOf(1)), RangeError);
    }
  }
  expect(await there.calls()).toBe(0);
}

async function requestIsCopied(stage: Stage): Promise<void> {
  const { client } = await stage.serve();
  const first = client.call(methods.slow, delayed(30));
  const request = bytesOf(100);
  const queued = client.call(methods.echo, request);
  request.fill(0);
  await first;
  expect(await queued).toEqual(bytesOf(100));
}

async function responsesAreTheCallers(stage: Stage): Promise<void> {
  const { client } = await stage.serve();
  const responses = [];
  for (let i = 0; i < 50; i++) responses.push(await client.call(methods.echo, bytesOf(200, i)));
  responses[0]?.fill(0);
  for (const [i, response] of responses.entries()) if (i > 0) expect(response).toEqual(bytesOf(200, i));
}

async function queuedCallsKeepTheirOrder(stage: Stage): Promise<void> {
  const { there, client } = await stage.serve();
  const count = 500;
  const completed: number[] = [];
  const numbers = Array.from({ length: count }, (_, index) => index);
  await Promise.all(
    numbers.map(async (index) => {
      const methodId = index % 3 === 0 ? methods.echoAsync : methods.echo;
      const response = await client.call(methodId, Uint8Array.of(index & 0xff, index >> 8));
      expect(response).toEqual(Uint8Array.of(index & 0xff, index >> 8));
      completed.push(index);
    }),
  );
  expect(completed).toEqual(numbers);
  expect(await there.calls()).toBe(count);
}

async function handlersMayTakeTheirTime(stage: Stage): Promise<void> {
  const { client } = await stage.serve();
  for (const mode of stage.patientModes) {
    expect(await callIn(mode, client, methods.echoAsync, bytesOf(9))).toEqual(bytesOf(9));
    expect(await callIn(mode, client, methods.slow, delayed(120, bytesOf(5)))).toEqual(bytesOf(5));
    expect(await callIn(mode, client, methods.busy, delayed(120, bytesOf(6)))).toEqual(bytesOf(6));
  }
}

async function syncWaitsItsTurn(stage: Stage): Promise<void> {
  const { client } = await stage.serve();
  const first = client.call(methods.slow, delayed(100, bytesOf(1)));
  const second = client.call(methods.echo, bytesOf(2));
  const third = client.call(methods.slow, delayed(20, bytesOf(3)));
  expect(client.callSync(methods.echo, bytesOf(4))).toEqual(bytesOf(4));
  expect(await Promise.all([first, second, third])).toEqual([bytesOf(1), bytesOf(2), bytesOf(3)]);
  expect(await client.call(methods.echo, bytesOf(5))).toEqual(bytesOf(5));
}

async function lateResponsesAreDropped(stage: Stage): Promise<void> {
  const { there, client } = await stage.serve();
  for (const mode of stage.patientModes) {
    const late = callIn(mode, client, methods.slow, delayed(200, text('late')), { deadlineMs: 30 });
    await expectFailure(late, DeadlineExceeded, mayHaveExecuted);
    expect(await callIn(mode, client, methods.echo, text('next'))).toEqual(text('next'));
  }
  expect(await there.calls()).toBe(2 * stage.patientModes.length);
}

async function queuedCallsHaveDeadlines(stage: Stage): Promise<void> {
  const { there, client } = await stage.serve();
  const first = client.call(methods.slow, delayed(400, bytesOf(1)));
  const queued = client.call(methods.echo, bytesOf(2), { deadlineMs: 40 });
  const behind = client.call(methods.echo, bytesOf(3));
  await expectFailure(queued, DeadlineExceeded, neverExecuted);
  expect(await first).toEqual(bytesOf(1));
  expect(await behind).toEqual(bytesOf(3));
  expect(await there.calls()).toBe(2);
}

async function syncBehindABusySlotHasADeadline(stage: Stage): Promise<void> {
  const { there, client } = await stage.serve();
  const first = client.call(methods.slow, delayed(400, bytesOf(1)));
  const attempt = () => client.callSync(methods.echo, bytesOf(2), { deadlineMs: 40 });
  await expectFailure(attempt, DeadlineExceeded, neverExecuted);
  expect(await first).toEqual(bytesOf(1));
  expect(client.callSync(methods.echo, bytesOf(3))).toEqual(bytesOf(3));
  expect(await there.calls()).toBe(2);
}

async function clientsHaveADeadlineOfTheirOwn(stage: Stage): Promise<void> {
  const { client } = await stage.serve({}, { deadlineMs: 40 });
  for (const mode of stage.patientModes) {
    await expectFailure(callIn(mode, client, methods.slow, delayed(150)), DeadlineExceeded, mayHaveExecuted);
    const patient = callIn(mode, client, methods.slow, delayed(100, bytesOf(1)), { deadlineMs: Infinity });
    expect(await patient).toEqual(bytesOf(1));
    await expectFailure(callIn(mode, client, methods.echo, bytesOf(1), { deadlineMs: 0 }), RangeError);
  }
}

async function stoppingAnswersWhatRuns(stage: Stage): Promise<void> {
  const { there, client } = await stage.serve();
  const running = client.call(methods.slow, delayed(150, bytesOf(1)));
  await there.called(1);
  await there.stopServing();
  expect(await running).toEqual(bytesOf(1));
  const unserved = client.call(methods.echo, bytesOf(2), { deadlineMs: 60 });
  await expectFailure(unserved, DeadlineExceeded, mayHaveExecuted);
  expect(await there.calls()).toBe(1);
}

async function servingGoesOnAfterAStop(stage: Stage): Promise<void> {
  const { there, client } = await stage.serve();
  await there.stopServing();
  const waiting = client.call(methods.echo, bytesOf(1));
  await there.serve();
  expect(await waiting).toEqual(bytesOf(1));
  expect(client.callSync(methods.echo, bytesOf(2))).toEqual(bytesOf(2));
}

async function callsBeforeServingWait(stage: Stage): Promise<void> {
  const there = await stage.home.acquire();
  await there.openServer();
  const { client } = await stage.connect(there);
  const early = client.call(methods.echo, bytesOf(1));
  await there.serve();
  expect(await early).toEqual(bytesOf(1));
}

async function aServerServesOnce(stage: Stage): Promise<void> {
  const { there, client } = await stage.serve();
  await expectFailure(there.serveTwice(), Contention);
  await expectFailure(there.openServer(), Contention);
  expect(await client.call(methods.echo, bytesOf(1))).toEqual(bytesOf(1));
}

async function onlyTheHomeServes(stage: Stage): Promise<void> {
  const { here } = await stage.hold();
  await expectFailure(() => new RpcServer(here), Unsupported);
}

async function smallLeasesAreNotServed(stage: Stage): Promise<void> {
  const lease = await stage.home.acquire({ minBytes: 32768 });
  await expectFailure(lease.serve(), Unsupported);
}

async function clientsNeedASlot(stage: Stage): Promise<void> {
  const { here } = await stage.hold();
  await expectFailure(() => new RpcClient(here), Unsupported);
  const there = await stage.home.acquire();
  await there.serve();
  const slotless = await stage.attach(there, { slots: 0 });
  await expectFailure(() => new RpcClient(slotless), Unsupported);
}

async function aSlotHasOneClient(stage: Stage): Promise<void> {
  const { there, here, client } = await stage.serve();
  await expectFailure(() => new RpcClient(here), Contention);
  const other = await stage.spawnHome();
  await expectFailure(other.attach(there), Contention);
  expect(await client.call(methods.echo, bytesOf(1))).toEqual(bytesOf(1));
  await here.release();
  const theirs = await other.attach(there);
  expect(await theirs.call(methods.echo, bytesOf(2))).toEqual(bytesOf(2));
}

async function deathFreesTheSlot(stage: Stage): Promise<void> {
  const there = await stage.home.acquire();
  await there.serve();
  const other = await stage.spawnHome();
  const theirs = await other.attach(there);
  const unanswered = theirs.call(methods.never, bytesOf(1)).catch(() => undefined);
  await there.called(1);
  await other.kill();
  await unanswered;
  const { client } = await takeFreeSlot(stage, there);
  expect(await client.call(methods.echo, bytesOf(2))).toEqual(bytesOf(2));
}

/** The home learns of a holder's death a moment after whoever caused it. */
async function takeFreeSlot(stage: Stage, there: Parameters<Stage['connect']>[0]): ReturnType<Stage['connect']> {
  for (;;) {
    try {
      return await stage.connect(there);
    } catch (error) {
      if (!(error instanceof Contention)) throw error;
    }
  }
}

async function nextClientFindsNothing(stage: Stage): Promise<void> {
  const { there, here, client } = await stage.serve();
  await client.call(methods.echo, new Uint8Array(32751).fill(0x5a));
  await here.release();
  const next = await stage.attach(there);
  expect((await next.mem().read(0, 65536)).every((byte) => byte === 0)).toBe(true);
  expect(await new RpcClient(next).call(methods.echo, bytesOf(3))).toEqual(bytesOf(3));
}

async function manyClientsInTurn(stage: Stage): Promise<void> {
  const there = await stage.home.acquire();
  await there.serve();
  for (let round = 0; round < 30; round++) {
    const { here, client } = await stage.connect(there);
    expect(await client.call(methods.echo, bytesOf(40, round))).toEqual(bytesOf(40, round));
    await here.release();
  }
}

async function slotlessHoldersFitBeside(stage: Stage): Promise<void> {
  const { there, client } = await stage.serve({ minBytes: 131072 });
  const other = await stage.spawnHome();
  const beside = await other.attach(there, { slots: 0 });
  await beside.write(65536, bytesOf(10));
  expect(await client.call(methods.echo, bytesOf(1))).toEqual(bytesOf(1));
  expect(await there.read(65536, 10)).toEqual(bytesOf(10));
}

async function bytesBeyondTheSlotsAreFree(stage: Stage): Promise<void> {
  const { there, here, client } = await stage.serve({ minBytes: 131072 });
  const canary = bytesOf(here.size - 65536, 77);
  await there.write(65536, canary);
  for (const size of sizes) await client.call(methods.echo, bytesOf(size));
  expect(Buffer.compare(await here.mem().read(65536, canary.length), canary)).toBe(0);
}

async function callSyncNeedsAnotherThread(stage: Stage): Promise<void> {
  const lease = await stage.acquireHere(new stage.classes.MemBuilder().minBytes(65536));
  const server = new RpcServer(lease);
  const stop = new AbortController();
  const serving = server.serve({ handle: (_methodId, payload) => payload }, { signal: stop.signal });
  const client = new RpcClient(lease);
  await expectFailure(() => client.callSync(1, bytesOf(1)), Unsupported);
  expect(await client.call(1, bytesOf(2))).toEqual(bytesOf(2));
  stop.abort();
  await serving;
}

async function serversCanBePolled(stage: Stage): Promise<void> {
  const lease = await stage.acquireHere();
  const server = new RpcServer(lease);
  const handler = { handle: (_methodId: number, payload: Uint8Array) => payload };
  expect(server.pollOnce(handler)).toBe(false);
  const call = new RpcClient(lease).call(1, bytesOf(3));
  expect(server.pollOnce(handler)).toBe(true);
  expect(server.pollOnce(handler)).toBe(false);
  expect(await call).toEqual(bytesOf(3));
}

export const rpcCases: Cases = {
  'payloads of every size arrive, both ways': everySizeArrives,
  'every way of waiting works': everyWaitModeWorks,
  'one byte too many is PayloadTooLarge, and nothing is written': tooLargeWritesNothing,
  'a queued call that is too large harms no other': tooLargeInTheQueueHarmsNoOther,
  'arguments of a wrong type or range reach no handler': argumentsAreChecked,
  'a request is copied before call() returns': requestIsCopied,
  'responses belong to the caller': responsesAreTheCallers,
  'queued calls keep their order': queuedCallsKeepTheirOrder,
  'handlers may take their time': handlersMayTakeTheirTime,
  'callSync lets the calls before it go first, and harms none': syncWaitsItsTurn,
  'a late response is dropped, and the next call is right': lateResponsesAreDropped,
  'the deadline of a queued call passes before it is posted': queuedCallsHaveDeadlines,
  'callSync gives up on a slot that stays taken': syncBehindABusySlotHasADeadline,
  'a client has a deadline for calls that name none': clientsHaveADeadlineOfTheirOwn,
  'a server that is told to stop answers what runs, and takes no more': stoppingAnswersWhatRuns,
  'a server that was stopped can serve again': servingGoesOnAfterAStop,
  'a call waits for a server that does not serve yet': callsBeforeServingWait,
  'a lease has one server, which serves once at a time': aServerServesOnce,
  'a holder cannot serve': onlyTheHomeServes,
  'a lease too small for the layout cannot be served': smallLeasesAreNotServed,
  'a client needs a server, and a slot': clientsNeedASlot,
  'a slot has one client, and is free again when that detaches': aSlotHasOneClient,
  'a slot is free again when its client dies': deathFreesTheSlot,
  'the next client of a slot finds nothing of the one before': nextClientFindsNothing,
  'clients come and go in turn': manyClientsInTurn,
  'a holder without a slot fits beside the client': slotlessHoldersFitBeside,
  'calls touch nothing beyond their two regions': bytesBeyondTheSlotsAreFree,
  'a client in its server’s own thread can call, but not callSync': callSyncNeedsAnotherThread,
  'a server can be polled': serversCanBePolled,
};
