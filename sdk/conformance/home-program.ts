// The other end of the suite: a process that is home to leases and does with them what it is told.
//
//     node home-program.js
//
// Takes a command a line on stdin, answers a line on stdout (see home-protocol.ts), and ends when stdin does.
import { createInterface } from 'node:readline';
import { FabricDns, FabricError, RemoteError } from '../index.ts';
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

const desk = new HomeDesk(await FabricDns.open());

const performers: Performers = {
  acquire: (request) => desk.acquire(request),
  attach: (request) => desk.attach(request),
  status: async ({ lease }) => desk.find(lease).facts,
  ended: ({ lease }) => desk.find(lease).ended(),
  renew: ({ lease, leaseSecs }) => nothing(desk.find(lease).lease.renew(leaseSecs)),
  release: ({ lease }) => nothing(desk.find(lease).lease.release()),
  revoke: ({ lease }) => desk.find(lease).lease.revoke(),

  read: async ({ lease, offset, bytes }) => toText(await desk.find(lease).lease.mem().read(offset, bytes)),
  write: ({ lease, offset, bytes }) => nothing(desk.find(lease).lease.mem().write(offset, toBytes(bytes))),
  compareExchange: async ({ lease, offset, expected, desired }) => {
    const mem = desk.find(lease).lease.mem();
    return String(await mem.compareExchange(offset, BigInt(expected), BigInt(desired)));
  },
  fetchAdd,

  openServer: async ({ lease }) => {
    desk.find(lease).openServer();
    return null;
  },
  serve: async ({ lease, slots }) => {
    desk.find(lease).serve(slots === undefined ? {} : { slots });
    return null;
  },
  serveService: async ({ lease, slots }) => {
    desk.find(lease).serveService(slots === undefined ? {} : { slots });
    return null;
  },
  serveTwice: ({ lease }) => nothing(desk.find(lease).serveTwice()),
  stopServing: ({ lease }) => nothing(desk.find(lease).stopServing()),
  served: ({ lease }) => nothing(desk.find(lease).serving),
  called: ({ lease, count }) => nothing(desk.find(lease).called(count)),
  calls: async ({ lease }) => desk.find(lease).calls,
  call: async ({ lease, methodId, payload }) => toText(await desk.find(lease).call(methodId, toBytes(payload))),

  register: ({ lease, service }) => nothing(desk.register(service, desk.find(lease))),
  deregister: ({ service }) => nothing(desk.deregister(service)),

  block: async ({ blockMs }) => {
    keepBusy(blockMs);
    return null;
  },
  reset: () => nothing(desk.reset()),
  exit: async () => process.exit(0),
};

async function fetchAdd({ lease, offset, delta, times }: Commands['fetchAdd']['request']): Promise<string> {
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

async function answer(line: string): Promise<AnswerLine> {
  const { id, command, request } = JSON.parse(line) as RequestLine;
  try {
    // The driver's types hold command and request together, which is lost in the line.
    const perform = performers[command] as (request: unknown) => Promise<unknown>;
    return { id, ok: true, value: await perform(request) };
  } catch (error) {
    return { id, ok: false, error: factsOf(error) };
  }
}

const commands = createInterface({ input: process.stdin });
commands.on('line', async (line) => {
  process.stdout.write(`${JSON.stringify(await answer(line))}\n`);
});
commands.on('close', () => process.exit(0));
process.stdout.write(`${readyLine}\n`);
