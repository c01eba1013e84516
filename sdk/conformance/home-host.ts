// The other end of the suite: home to leases, it does with them what it is told. Takes a command a line, answers with a
// line (see home-protocol.ts), and ends when its input does.
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { FabricError, RemoteError } from '../index.ts';
import type { LeaseClasses } from './fixture.ts';
import { HomeDesk } from './home-desk.ts';
import { keepBusy } from './home-methods.ts';
import {
  type AnswerLine,
  type CommandName,
  type Commands,
  type ErrorFacts,
  type RequestLine,
  readyLine,
} from './home-protocol.ts';

type Performers = {
  readonly [C in CommandName]: (request: Commands[C]['request']) => Promise<Commands[C]['answer']>;
};

/** What a home runs on. */
export interface HomeParts {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly classes: LeaseClasses;
  /** Ends the home in an orderly way. */
  readonly exit: () => void;
}

/** Opens a home. It is ready for commands once this resolves. */
export async function hostHome({ stdin, stdout, classes, exit }: HomeParts): Promise<void> {
  const performers = performersOf(new HomeDesk(classes, await classes.FabricDns.open()), exit);
  const commands = createInterface({ input: stdin });
  commands.on('line', async (line) => {
    stdout.write(`${JSON.stringify(await answer(performers, line))}\n`);
  });
  commands.on('close', exit);
  stdout.write(`${readyLine}\n`);
}

function performersOf(desk: HomeDesk, exit: () => void): Performers {
  return {
    ...lifePerformers(desk),
    ...memoryPerformers(desk),
    ...rpcPerformers(desk),
    ...queuePerformers(desk),
    register: ({ lease, service }) => nothing(desk.register(service, desk.find(lease))),
    deregister: ({ service }) => nothing(desk.deregister(service)),
    block: async ({ blockMs }) => {
      keepBusy(blockMs);
      return null;
    },
    reset: () => nothing(desk.reset()),
    exit: async () => {
      exit();
      return null;
    },
  };
}

function lifePerformers(
  desk: HomeDesk,
): Pick<Performers, 'acquire' | 'attach' | 'status' | 'ended' | 'renew' | 'release' | 'revoke'> {
  return {
    acquire: (request) => desk.acquire(request),
    attach: (request) => desk.attach(request),
    status: async ({ lease }) => desk.find(lease).facts,
    ended: ({ lease }) => desk.find(lease).ended(),
    renew: ({ lease, leaseSecs }) => nothing(desk.find(lease).lease.renew(leaseSecs)),
    release: ({ lease }) => nothing(desk.find(lease).lease.release()),
    revoke: ({ lease }) => desk.find(lease).lease.revoke(),
  };
}

function memoryPerformers(desk: HomeDesk): Pick<Performers, 'read' | 'write' | 'compareExchange' | 'fetchAdd'> {
  return {
    read: async ({ lease, offset, bytes }) => toText(await desk.find(lease).lease.mem().read(offset, bytes)),
    write: ({ lease, offset, bytes }) => nothing(desk.find(lease).lease.mem().write(offset, toBytes(bytes))),
    compareExchange: async ({ lease, offset, expected, desired }) => {
      const mem = desk.find(lease).lease.mem();
      return String(await mem.compareExchange(offset, BigInt(expected), BigInt(desired)));
    },
    fetchAdd: (request) => fetchAdd(desk, request),
  };
}

function queuePerformers(
  desk: HomeDesk,
): Pick<Performers, 'createQueue' | 'attachQueue' | 'pushMany' | 'sendAll' | 'popMany' | 'receive' | 'closeQueue'> {
  return {
    createQueue: async ({ lease, capacity, stride }) => {
      desk.find(lease).createQueue({ capacity, stride });
      return null;
    },
    attachQueue: ({ lease }) => nothing(desk.find(lease).attachQueue()),
    pushMany: async ({ lease, values }) => desk.find(lease).queue.pushMany(values),
    sendAll: ({ lease, values }) => nothing(desk.find(lease).sendAll(values)),
    popMany: async ({ lease, countMax }) => desk.find(lease).queue.popMany(countMax),
    receive: ({ lease, count }) => desk.find(lease).receive(count),
    closeQueue: async ({ lease }) => {
      desk.find(lease).queue.close();
      return null;
    },
  };
}

function rpcPerformers(
  desk: HomeDesk,
): Pick<
  Performers,
  'openServer' | 'serve' | 'serveService' | 'serveTwice' | 'stopServing' | 'served' | 'called' | 'calls' | 'call'
> {
  return {
    openServer: async ({ lease }) => {
      desk.find(lease).openServer();
      return null;
    },
    serveService: async ({ lease, slots }) => {
      desk.find(lease).serveService(slots === undefined ? {} : { slots });
      return null;
    },
    serve: async ({ lease, slots }) => {
      desk.find(lease).serve(slots === undefined ? {} : { slots });
      return null;
    },
    serveTwice: ({ lease }) => nothing(desk.find(lease).serveTwice()),
    stopServing: ({ lease }) => nothing(desk.find(lease).stopServing()),
    served: ({ lease }) => nothing(desk.find(lease).serving),
    called: ({ lease, count }) => nothing(desk.find(lease).called(count)),
    calls: async ({ lease }) => desk.find(lease).calls,
    call: async ({ lease, methodId, payload }) => toText(await desk.find(lease).call(methodId, toBytes(payload))),
  };
}

async function fetchAdd(desk: HomeDesk, request: Commands['fetchAdd']['request']): Promise<string> {
  const { lease, offset, delta, times } = request;
  const mem = desk.find(lease).lease.mem();
  const before = await mem.fetchAdd(offset, BigInt(delta));
  for (let i = 1; i < times; i++) {
    await mem.fetchAdd(offset, BigInt(delta));
    if (i % 64 === 0) await new Promise(setImmediate);
  }
  return String(before);
}

async function nothing(done: Promise<unknown>): Promise<null> {
  await done;
  return null;
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function toBytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'base64'));
}

function factsOf(error: unknown): ErrorFacts {
  if (error instanceof FabricError) {
    const { name, message, mayHaveExecuted, code } = error;
    return { name, message, mayHaveExecuted, code };
  }
  if (error instanceof RemoteError) {
    const { name, message, kind, code } = error;
    return { name, message, kind, code };
  }
  return error instanceof Error
    ? { name: error.name, message: error.message }
    : { name: 'Error', message: String(error) };
}

async function answer(performers: Performers, line: string): Promise<AnswerLine> {
  const { id, command, request } = JSON.parse(line) as RequestLine;
  try {
    // The driver's types hold command and request together, which is lost in the line.
    const perform = performers[command] as (request: unknown) => Promise<unknown>;
    return { id, ok: true, value: await perform(request) };
  } catch (error) {
    return { id, ok: false, error: factsOf(error) };
  }
}
