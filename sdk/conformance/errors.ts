// How things fail: every ending of a lease, seen by every operation, in rest and in the middle of a call.
import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';
import {
  Disconnected,
  FabricError,
  LeaseExpired,
  type LeaseStatus,
  RemoteError,
  Revoked,
  RpcClient,
  RpcServer,
} from '../index.ts';
import { callIn, callModes, type ErrorClass, expectFailure, mayHaveExecuted, neverExecuted } from './expect-failure.ts';
import { delayed, methods, unknownMethodId } from './home-methods.ts';
import { type Case, type Cases, ended, type Served, type Stage, until } from './stage.ts';

const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value));

interface Ending {
  readonly status: LeaseStatus;
  readonly error: ErrorClass;
  /** Whether it comes by itself, to a lease that is short. */
  readonly isShort?: boolean;
  /** Brings the end about, or waits for it. */
  bring(served: Served, stage: Stage): Promise<unknown>;
}

/** Every way in which a lease can end under a holder. */
const endings: Readonly<Record<string, Ending>> = {
  expired: {
    status: 'expired',
    error: LeaseExpired,
    isShort: true,
    bring: async () => undefined,
  },
  'was revoked': {
    status: 'revoked',
    error: Revoked,
    bring: ({ there }) => there.revoke(),
  },
  'was released at home': {
    status: 'released',
    error: Revoked,
    bring: ({ there }) => there.release(),
  },
  'was released here': {
    status: 'released',
    error: Revoked,
    bring: ({ here }) => here.release(),
  },
  'lost its home': {
    status: 'disconnected',
    error: Disconnected,
    bring: (_served, stage) => stage.home.kill(),
  },
};

function requestOf({ isShort }: Ending, { shortSecs }: Stage): { leaseSecs?: number } {
  return isShort ? { leaseSecs: shortSecs } : {};
}

/** Every operation of a holder. */
function operationsOf({ here, client }: Served): Readonly<Record<string, () => unknown>> {
  const mem = here.mem();
  const bytes = new Uint8Array(8);
  return {
    read: () => mem.read(0, 8),
    write: () => mem.write(0, bytes),
    compareExchange: () => mem.compareExchange(0, 0n, 1n),
    fetchAdd: () => mem.fetchAdd(0, 1n),
    renew: () => here.renew(),
    call: () => client.call(methods.echo, bytes),
    callSync: () => client.callSync(methods.echo, bytes),
    'new RpcClient': () => new RpcClient(here),
  };
}

function everyOperationFails(ending: Ending): Case {
  return async (stage) => {
    const served = await stage.serve(requestOf(ending, stage));
    await served.client.call(methods.echo, new Uint8Array(64).fill(0xff));
    const end = ended(served.here);
    await ending.bring(served, stage);
    expect(await end).toBe(ending.status);
    for (const [name, attempt] of Object.entries(operationsOf(served))) {
      const error = await expectFailure(async () => attempt(), ending.error, neverExecuted);
      expect(error.message, name).toContain(served.here.id);
    }
    const { here } = served;
    expect({ status: here.status, remainingMs: here.remainingMs }).toEqual({
      status: ending.status,
      remainingMs: 0,
    });
    await here.release();
    expect(here.status).toBe(ending.status);
  };
}

/** The call in the slot may have run; those that wait behind it have not. */
function callsUnderWayFail(ending: Ending): Case {
  return async (stage) => {
    const served = await stage.serve(requestOf(ending, stage));
    const { there, client } = served;
    const running = expectFailure(client.call(methods.never, text('x')), ending.error, mayHaveExecuted);
    const queued = expectFailure(client.call(methods.echo, text('y')), ending.error, neverExecuted);
    await there.called(1);
    await ending.bring(served, stage);
    await Promise.all([running, queued]);
  };
}

/** A request that no server has taken when its home is known to be gone was certainly not executed. */
async function untakenCallHasNotRun(stage: Stage): Promise<void> {
  for (const mode of callModes) {
    await stage.begin();
    const { home } = stage;
    const there = await home.acquire();
    await there.openServer();
    const { client } = await stage.connect(there);
    const dies = home.ask('block', { blockMs: 100 }).catch(() => undefined);
    setImmediate(() => void home.kill());
    const call = mode === 'call' ? client.call(methods.echo, text('x')) : syncWhileDying(stage, client);
    await expectFailure(call, Disconnected, neverExecuted);
    await dies;
  }
}

async function syncWhileDying(stage: Stage, client: RpcClient): Promise<Uint8Array> {
  void stage.home.kill();
  return client.callSync(methods.echo, text('x'));
}

async function syncCallExpires(stage: Stage): Promise<void> {
  for (const wait of ['adaptive', 'busy', 'event'] as const) {
    const { client } = await stage.serve({ leaseSecs: stage.shortSecs }, { wait });
    await expectFailure(() => client.callSync(methods.never, text('x')), LeaseExpired, mayHaveExecuted);
    await expectFailure(() => client.callSync(methods.echo, text('x')), LeaseExpired, neverExecuted);
  }
}

/** The handler ends the lease under its own call: by then the call has certainly begun. */
function handlerEndsTheLease(methodId: number, status: LeaseStatus): Case {
  return async (stage) => {
    for (const mode of callModes) {
      for (const wait of ['adaptive', 'busy', 'event'] as const) {
        const { there, here, client } = await stage.serve({}, { wait });
        await expectFailure(callIn(mode, client, methodId, text('x')), Revoked, mayHaveExecuted);
        expect(here.status).toBe(status);
        await expectFailure(there.served(), Revoked);
      }
    }
  };
}

async function pollOnceThrowsTheLeasesError(stage: Stage): Promise<void> {
  const lease = await stage.acquireHere();
  const server = new RpcServer(lease);
  const call = expectFailure(new RpcClient(lease).call(1, text('x')), Revoked, mayHaveExecuted);
  const handler = {
    handle(_methodId: number, payload: Uint8Array) {
      void lease.revoke();
      return payload;
    },
  };
  await pollEnds(() => server.pollOnce(handler));
  await expectFailure(() => server.pollOnce(handler), Revoked);
  await call;
}

/** Polling while the lease ends may tell of a request, or of the end, but of nothing else. */
async function pollEnds(poll: () => boolean): Promise<void> {
  try {
    expect(poll()).toBe(true);
  } catch (error) {
    expect(error).toBeInstanceOf(Revoked);
  }
}

function serveRejects(ending: Ending): Case {
  return async (stage) => {
    const served = await stage.serve(requestOf(ending, stage));
    await served.client.call(methods.echo, text('x'));
    const rejection = expectFailure(served.there.served(), ending.error);
    await ending.bring(served, stage);
    await rejection;
  };
}

async function runningHandlerIsNotAnswered(stage: Stage): Promise<void> {
  const { there, client } = await stage.serve();
  const call = expectFailure(client.call(methods.slow, delayed(100)), Revoked, mayHaveExecuted);
  await there.called(1);
  await there.revoke();
  await call;
  await expectFailure(there.served(), Revoked);
  // The home outlives the handler that had nobody left to answer.
  await stage.home.ask('block', { blockMs: 150 });
  const next = await stage.serve();
  expect(await next.client.call(methods.echo, text('y'))).toEqual(text('y'));
}

/** Whatever is reported as never executed must not run afterwards, however busy the home was. */
async function neverExecutedMeansNever(stage: Stage): Promise<void> {
  for (const mode of callModes) {
    const { there, here, client } = await stage.serve({ leaseSecs: stage.shortSecs });
    const busy = stage.home.ask('block', { blockMs: stage.shortSecs * 1000 + 500 });
    await until('the home is busy', () => here.remainingMs < stage.shortSecs * 1000 - 200);
    const error = await expectFailure(callIn(mode, client, methods.echo, text('x')), LeaseExpired);
    await busy;
    const calls = await there.calls();
    expect(calls === 0 || (error instanceof FabricError && error.mayHaveExecuted)).toBe(true);
  }
}

/** As that, when it is this process that ends the lease while its request lies there. */
async function givenUpMeansGivenUp(stage: Stage): Promise<void> {
  const { there, here, client } = await stage.serve();
  const busy = stage.home.ask('block', { blockMs: 400 });
  await setTimeout(100); // The home is busy by now; if it is not, this shows nothing, but fails neither.
  const call = expectFailure(client.call(methods.echo, text('x')), Revoked);
  await Promise.all([here.release(), busy]);
  const error = await call;
  const calls = await there.calls();
  expect(calls === 0 || (error instanceof FabricError && error.mayHaveExecuted)).toBe(true);
}

async function handlersThrow(stage: Stage): Promise<void> {
  const { client } = await stage.serve();
  for (const mode of callModes) {
    const fields = { kind: 'handler', code: 0, message: 'no such thing: Ä€' };
    const failing = stage.patientModes.includes(mode) ? [methods.fail, methods.failAsync] : [methods.fail];
    for (const methodId of failing) {
      await expectFailure(callIn(mode, client, methodId, text(fields.message)), RemoteError, fields);
    }
    expect(await callIn(mode, client, methods.echo, text('next'))).toEqual(text('next'));
  }
}

async function handlerCodesAreTheirOwn(stage: Stage): Promise<void> {
  const { here, client } = await stage.serve();
  for (const mode of callModes) {
    const fields = { kind: 'handler', code: -1, message: 'mine' };
    const error = await expectFailure(callIn(mode, client, methods.failMinusOne, text('mine')), RemoteError, fields);
    expect(error).not.toBeInstanceOf(FabricError);
  }
  expect(here.status).toBe('active');
}

async function longMessagesAreCut(stage: Stage): Promise<void> {
  const { client } = await stage.serve();
  const error = await expectFailure(client.call(methods.fail, new Uint8Array(30_000).fill(0x61)), RemoteError);
  expect(error.message).toMatch(/^a{4096}$/);
}

async function unknownMethods(stage: Stage): Promise<void> {
  const { client } = await stage.serve();
  for (const mode of callModes) {
    const fields = { kind: 'unknown-method', message: `unknown method ${unknownMethodId}` };
    await expectFailure(callIn(mode, client, unknownMethodId, text('x')), RemoteError, fields);
  }
}

async function responsesTooLarge(stage: Stage): Promise<void> {
  const { client } = await stage.serve();
  for (const mode of callModes) {
    const fields = { kind: 'response-too-large' };
    await expectFailure(callIn(mode, client, methods.tooLarge, text('x')), RemoteError, fields);
    expect(await callIn(mode, client, methods.echo, text('next'))).toEqual(text('next'));
  }
}

const byEnding = (
  title: (ending: string) => string,
  make: (ending: Ending) => Case,
  names = Object.keys(endings),
): Cases => Object.fromEntries(names.map((name) => [title(name), make(endings[name] as Ending)]));

export const errorCases: Cases = {
  'an error that a handler throws reaches the client as a RemoteError': handlersThrow,
  "a handler's code -1 is not taken for Disconnected": handlerCodesAreTheirOwn,
  'a message too long for an error is cut': longMessagesAreCut,
  'a method that the handler does not know is a RemoteError of that kind': unknownMethods,
  'a response too large for the slot is a RemoteError of that kind': responsesTooLarge,
  ...byEnding((ending) => `after a lease ${ending}, every operation fails with its error`, everyOperationFails),
  ...byEnding((ending) => `when a lease ${ending} during a call, the error says what may have run`, callsUnderWayFail),
  ...byEnding((ending) => `serve() rejects when its lease ${ending}`, serveRejects, [
    'expired',
    'was revoked',
    'was released at home',
  ]),
  'a call that no server took before its home died has not run': untakenCallHasNotRun,
  'a call that failed as never executed is never executed': neverExecutedMeansNever,
  'a call that was given up by a release may have run, or never does': givenUpMeansGivenUp,
  'a lease expires during callSync': syncCallExpires,
  'a handler releases its own lease': handlerEndsTheLease(methods.release, 'released'),
  'a handler revokes its own lease': handlerEndsTheLease(methods.revoke, 'revoked'),
  "polling a server throws its lease's error and no other": pollOnceThrowsTheLeasesError,
  'a handler that outlives its lease answers nobody and harms nobody': runningHandlerIsNotAnswered,
};
