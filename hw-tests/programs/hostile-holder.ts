// node hostile-holder.js <lease> <attack> <ms>: attaches to a lease and attacks its home, for a time or until it has tried
// everything. Says `attacking` once it has begun, `done` with what it found when it has ended.
import { createHash } from 'node:crypto';
import { closeSync, fchmodSync, ftruncateSync, openSync, truncateSync, writeSync } from 'node:fs';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { pack } from 'msgpackr';
import { type LeaseId, parseLeaseReference } from '#bridge';
import { Doorbell, type SeqpacketSocket } from '#native';
import { encodeMessage } from '../../bridge/control/codec.ts';
import { type Message, protocolVersion } from '../../bridge/control/messages.ts';
import { leaseIdToBytes } from '../../bridge/lease/lease-id.ts';
import { idHighAt, lengthAt, responseOffset, statusAt } from '../../bridge/rpc/classic-layout.ts';
import { connectRaw, RawHolder, receiveRaw, sendRaw, systemCall } from './raw-holder.ts';
import { argument, hear, say } from './voice.ts';

type Attack = (reference: string, durationMs: number) => Promise<object>;

/** Two classic regions: whatever lies beyond in the arena is not to be touched, by us neither. */
const regionsBytes = 65536;
/** Far beyond what a server takes to look. */
const lookMsMax = 60_000;
const F_GETFL = 3;
const F_SETFL = 4;
const F_ADD_SEALS = 1033;
const F_SEAL_WRITE = 8;
const F_SEAL_FUTURE_WRITE = 16;
const O_NONBLOCK = 2048;
/** The sleeper word of slot 0 in the control page. */
const clientSleepsAt = 256;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Repeats until the time is over, others having their turn now and then. */
async function forMs(durationMs: number, act: () => void): Promise<void> {
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs) {
    for (let i = 0; i < 64; i++) act();
    await turn();
  }
}

function randomUint32(): number {
  return Math.floor(Math.random() * 2 ** 32);
}

/** Waits until the server has taken what was posted, however long its turn on a busy machine is in coming. */
async function letServerLook(holder: RawHolder): Promise<void> {
  const giveUpAtMs = performance.now() + lookMsMax;
  while (Atomics.load(holder.bytes, statusAt) === 1) {
    if (performance.now() > giveUpAtMs) throw new Error('the server does not look');
    await turn();
  }
}

async function statuses(reference: string): Promise<object> {
  const holder = new RawHolder(reference, { slots: 1 });
  for (let status = 0; status < 256; status++) {
    holder.post({ status });
    Atomics.store(holder.bytes, responseOffset + statusAt, (status * 7) & 0xff);
    await letServerLook(holder);
  }
  return {};
}

async function lengths(reference: string): Promise<object> {
  const holder = new RawHolder(reference, { slots: 1 });
  const tried = [32752, 32753, 65535, 65536, 131072, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 17, 2 ** 32 - 1];
  for (const length of [...tried, ...tried, 0, 1, 32751]) {
    holder.post({ length });
    await letServerLook(holder);
  }
  return {};
}

async function ids(reference: string): Promise<object> {
  const holder = new RawHolder(reference, { slots: 1 });
  const own = holder.sessionHigh;
  const wrong = [
    { idLow: 5 },
    { idLow: 5 },
    { idLow: 4 },
    { idLow: 0, idHigh: 0xffffffff },
    { idLow: 0xffffffff, idHigh: own },
    { idLow: 0, idHigh: own },
    { idLow: 1, idHigh: own | 1 },
    { idLow: 0, idHigh: own | 1 },
    { idLow: 0, idHigh: (own ^ 0x80000000) >>> 0 },
    ...Array.from({ length: 32 }, (_, session) => ({ idLow: 9, idHigh: (session << 12) >>> 0 })),
  ];
  for (const id of wrong) {
    holder.post(id);
    await letServerLook(holder);
  }
  return {};
}

/** Posts requests while another thread changes their length and id under the server's eyes. */
async function flip(reference: string, durationMs: number): Promise<object> {
  const holder = new RawHolder(reference, { slots: 1 });
  const worker = new Worker(new URL(import.meta.url), { workerData: { reference, durationMs } });
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  let posted = 0;
  await forMs(durationMs, () => {
    holder.post({ length: posted % 3 === 0 ? 32751 : 8 });
    posted += 1;
  });
  return { posted, exit: await ended };
}

function flipInWorker({ reference, durationMs }: { reference: string; durationMs: number }): void {
  const { view } = new RawHolder(reference, { slots: 0 });
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs) {
    for (let i = 0; i < 2000; i++) {
      view.setUint32(lengthAt, 0xffffffff, true);
      view.setUint32(lengthAt, 8, true);
      view.setUint32(responseOffset + lengthAt, 0xffffffff, true);
      if (i % 16 === 0) view.setUint32(idHighAt, 0xffffffff, true);
      view.setUint32(lengthAt, 32752, true);
    }
  }
}

function errnoOf(act: () => unknown): string {
  try {
    act();
    return 'done';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

async function truncate(reference: string): Promise<object> {
  const holder = new RawHolder(reference, { slots: 1 });
  const path = `/proc/self/fd/${holder.memfd}`;
  const reopened = openSync(path, 'r+');
  const found = {
    shrink: errnoOf(() => ftruncateSync(holder.memfd, 0)),
    grow: errnoOf(() => ftruncateSync(holder.memfd, 2 ** 30)),
    shrinkByPath: errnoOf(() => truncateSync(path, 4096)),
    shrinkReopened: errnoOf(() => ftruncateSync(reopened, 0)),
    appendReopened: errnoOf(() => writeSync(reopened, 'x', 2 ** 30)),
    // Sealed against further seals: these would keep the home from mapping its own memory.
    sealWrite: systemCall('fcntl', holder.memfd, F_ADD_SEALS, F_SEAL_WRITE),
    sealFutureWrite: systemCall('fcntl', holder.memfd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE),
    mode: errnoOf(() => fchmodSync(holder.memfd, 0)),
  };
  closeSync(reopened);
  holder.post({});
  await letServerLook(holder);
  return found;
}

async function ringFlood(reference: string, durationMs: number): Promise<object> {
  const holder = new RawHolder(reference, { slots: 1 });
  let rings = 0;
  await forMs(durationMs, () => {
    for (const bell of holder.bells) bell.ring();
    rings += 1;
  });
  return { rings };
}

/** Fills the doorbells' counters and takes away the flag that keeps whoever rings or drains from blocking. */
async function blockingBells(reference: string, durationMs: number): Promise<object> {
  const holder = new RawHolder(reference, { slots: 1 });
  const full = new Uint8Array(new BigUint64Array([2n ** 64n - 2n]).buffer);
  const filled = holder.bellNumbers.map((fd) => errnoOf(() => writeSync(fd, full)));
  for (const fd of holder.bellNumbers) {
    systemCall('fcntl', fd, F_SETFL, systemCall('fcntl', fd, F_GETFL, 0) & ~O_NONBLOCK);
  }
  let posted = 0;
  await forMs(durationMs, () => {
    // We say that we sleep, so that the server has to ring for its response.
    holder.view.setUint32(holder.arenaBytes + clientSleepsAt, 1, true);
    holder.post({});
    posted += 1;
  });
  return { filled, posted };
}

/** Random bytes over both regions and the control page: everything that is the protocol's. */
async function scribble(reference: string, durationMs: number): Promise<object> {
  const holder = new RawHolder(reference, { slots: 1 });
  const { bytes, arenaBytes } = holder;
  const controlBytes = bytes.length - arenaBytes;
  await forMs(durationMs, () => {
    const control = Math.random() < 0.25;
    const offset = control ? arenaBytes + (randomUint32() % controlBytes) : randomUint32() % regionsBytes;
    bytes[offset] = randomUint32() & 0xff;
    if (Math.random() < 0.3) holder.post({ length: randomUint32() % 40_000, idHigh: holder.sessionHigh });
    if (Math.random() < 0.1) Atomics.store(bytes, statusAt, randomUint32() & 0xff);
    if (Math.random() < 0.01) bytes.fill(randomUint32() & 0xff, 0, regionsBytes);
  });
  return {};
}

/** What no home should take: each on a connection of its own, until the home hangs up. */
async function frames(reference: string): Promise<object> {
  const lease = leaseIdToBytes(parseLeaseReference(reference).lease);
  const hello: Message = { type: 'hello', version: protocolVersion, agent: new Uint8Array(8) };
  const random = (bytes: number) => Uint8Array.from({ length: bytes }, () => randomUint32() & 0xff);
  const holder = random(16);
  const held: Message[] = [hello, { type: 'attach', seq: 1, lease, slots: 0, holder }];
  const encoded = (...messages: Message[]) => messages.map(encodeMessage);
  const attempts: Record<string, Uint8Array[]> = {
    garbage: [random(1), random(100), random(16_384)],
    'garbage after hello': [...encoded(hello), random(1000)],
    'too long': [...encoded(hello), random(16_385)],
    'far too long': [...encoded(hello), random(100_000)],
    'a map that promises more than it has': [...encoded(hello), Uint8Array.of(0xdf, 0xff, 0xff, 0xff, 0xff)],
    'an array that promises more than it has': [...encoded(hello), Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff)],
    'bytes that promise more than there are': [...encoded(hello), Uint8Array.of(0xc6, 0xff, 0xff, 0xff, 0xff)],
    'deep nesting': [...encoded(hello), new Uint8Array(16_000).fill(0x91)],
    'no hello': encoded({ type: 'describe', seq: 1, lease }),
    'another version': [Uint8Array.from(pack({ type: 'hello', version: 4711 }))],
    'an unknown lease': [
      ...encoded(hello),
      ...encoded({ type: 'attach', seq: 1, lease: random(16), slots: 1, holder }),
    ],
    'not attached': encoded(hello, { type: 'renew', seq: 1, lease, generation: 1, leaseMs: 1000 }),
    'another generation': encoded(...held, { type: 'renew', seq: 2, lease, generation: 9, leaseMs: 1000 }),
    'a time too short': encoded(...held, { type: 'renew', seq: 2, lease, generation: 1, leaseMs: 1 }),
    'detached twice': encoded(
      ...held,
      { type: 'detach', seq: 2, lease, generation: 1 },
      { type: 'detach', seq: 3, lease, generation: 1 },
    ),
    'attached twice': encoded(...held, { type: 'attach', seq: 2, lease, slots: 1, holder }),
    'an answer to nothing': encoded(hello, { type: 'done', seq: 77 }),
    "a home's notice": encoded(hello, { type: 'ended', lease, generation: 1, reason: 'revoked' }),
    'a refusal of everything': encoded(hello, { type: 'refused', seq: 0, code: 'Fenced', message: 'x' }),
  };
  const answers: Record<string, string> = {};
  for (const [name, messages] of Object.entries(attempts)) answers[name] = tryFrames(reference, messages);
  return { answers };
}

/** Sends, then tells what came back: the last answer, or `closed`. */
function tryFrames(reference: string, messages: readonly Uint8Array[]): string {
  const socket = connectRaw(parseLeaseReference(reference).lease);
  try {
    for (const bytes of messages) socket.send(bytes, []);
    // Whatever was sent before, the answer to this is the last, if there is one.
    sendRaw(socket, { type: 'describe', seq: 99, lease: leaseIdToBytes(parseLeaseReference(reference).lease) });
  } catch {
    // It has hung up already.
  }
  return lastAnswer(socket);
}

function lastAnswer(socket: SeqpacketSocket): string {
  let last = '';
  for (let answer = receiveRaw(socket); answer !== undefined; answer = receiveRaw(socket)) {
    last = answer.body.type === 'refused' ? `refused ${answer.body.code}` : answer.body.type;
    if ('seq' in answer.body && answer.body.seq === 99) break;
  }
  socket.close();
  return last;
}

/** Descriptors beside every message: as many as allowed, and more. */
async function descriptorFlood(reference: string, durationMs: number): Promise<object> {
  const lease = parseLeaseReference(reference).lease;
  const { descriptor } = new Doorbell();
  const hello = encodeMessage({ type: 'hello', version: protocolVersion, agent: new Uint8Array(8) });
  let sent = 0;
  await forMs(durationMs, () => {
    const socket = connectOrNothing(lease);
    if (socket === undefined) return;
    for (let i = 0; i < 20; i++) if (sendOrNothing(socket, hello, new Array(3).fill(descriptor))) sent += 3;
    sendOrNothing(socket, hello, new Array(16).fill(descriptor));
    socket.close();
  });
  return { sent };
}

function connectOrNothing(lease: LeaseId): SeqpacketSocket | undefined {
  try {
    return connectRaw(lease);
  } catch {
    return undefined; // The backlog is full.
  }
}

function sendOrNothing(
  ...[socket, bytes, descriptors]: [SeqpacketSocket, Uint8Array, Doorbell['descriptor'][]]
): boolean {
  try {
    return socket.send(bytes, descriptors);
  } catch {
    return false; // It has hung up.
  }
}

/** Connections that say nothing, as many as the home takes, and held to the end. */
async function halfOpen(reference: string, durationMs: number): Promise<object> {
  const lease = parseLeaseReference(reference).lease;
  const sockets: SeqpacketSocket[] = [];
  await forMs(durationMs, () => {
    if (sockets.length >= 3000) return;
    const socket = connectOrNothing(lease);
    if (socket !== undefined) sockets.push(socket);
  });
  say('holding', { sockets: sockets.length });
  await hear();
  for (const socket of sockets) socket.close();
  return { sockets: sockets.length };
}

/** Asks without end and never listens. */
async function deaf(reference: string, durationMs: number): Promise<object> {
  const holder = new RawHolder(reference, { slots: 1 });
  const lease = leaseIdToBytes(holder.id);
  const question = encodeMessage({ type: 'describe', seq: 5, lease });
  let asked = 0;
  await forMs(durationMs, () => {
    if (sendOrNothing(holder.socket, question, [])) asked += 1;
  });
  return { asked };
}

/** Attaches and leaves, over and over, each time with a request left in the slot. */
async function comeAndGo(reference: string, durationMs: number): Promise<object> {
  let times = 0;
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs) {
    try {
      const holder = new RawHolder(reference, { slots: 1 });
      holder.post({ length: times % 2 === 0 ? 8 : 0xffffffff });
      holder.detach();
      times += 1;
    } catch {
      await turn(); // The slot of the last visit is not free yet.
    }
  }
  return { times };
}

const attacks: Readonly<Record<string, Attack>> = {
  statuses,
  lengths,
  ids,
  flip,
  truncate,
  ringFlood,
  blockingBells,
  scribble,
  frames,
  descriptorFlood,
  halfOpen,
  deaf,
  comeAndGo,
};

if (isMainThread) {
  const attack = attacks[argument(1)];
  if (attack === undefined) throw new Error(`no attack is called ${argument(1)}`);
  // Sees the bytes that are nobody's business, also after the home has ended the lease.
  const spy = new RawHolder(argument(0), { slots: 0 });
  const beyond = () => createHash('sha1').update(spy.bytes.subarray(regionsBytes, spy.arenaBytes)).digest('hex');
  const before = beyond();
  say('attacking');
  const found = await attack(argument(0), Number(argument(2)));
  say('done', { ...found, canaryIntact: beyond() === before });
  await hear();
} else {
  flipInWorker(workerData as { reference: string; durationMs: number });
}
