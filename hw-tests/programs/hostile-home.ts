// node hostile-home.js: a home that grants what is not right. Each of its leases is wrong in its own way; says `granted`
// with their ids by the name of what is wrong, and goes on until its stdin ends.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { defaultRuntimePath, type LeaseId, RuntimeDirectory } from '#bridge';
import {
  createSealedMemfd,
  type Descriptor,
  Doorbell,
  Mapping,
  SeqpacketListener,
  type SeqpacketSocket,
  waitReadable,
} from '#native';
import { decodeMessage, encodeMessage } from '../../bridge/control/codec.ts';
import { type Attached, type Message, protocolVersion } from '../../bridge/control/messages.ts';
import { ControlPage, controlPageBytes, type LeaseIdentity } from '../../bridge/lease/control-page.ts';
import { agentIdToBytes, leaseIdFromBytes, newAgentId, newLeaseId } from '../../bridge/lease/lease-id.ts';
import {
  idHighAt,
  idLowAt,
  lengthAt,
  methodAt,
  payloadAt,
  responseOffset,
  statusAt,
} from '../../bridge/rpc/classic-layout.ts';
import { hear, say } from './voice.ts';

type Attach = Extract<Message, { type: 'attach' }>;

/** What a lease is made of, before anything is made wrong about it. */
interface Parts {
  readonly socket: SeqpacketSocket;
  readonly request: Attach;
  readonly id: LeaseId;
  readonly memfd: Descriptor;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly bells: readonly [server: Doorbell, client: Doorbell];
}

/** The lease's server: called all the time, and whenever it finds a request it may answer. */
type Serve = (parts: Parts) => void;

interface Lease {
  grant(parts: Parts): void;
  readonly serve?: Serve;
}

const arenaBytes = 65536;
const directory = new RuntimeDirectory(defaultRuntimePath());
const agent = newAgentId(randomBytes(8));
const serving: [Serve, Parts][] = [];
/** Descriptors that were sent: the receiver may take its time. */
const kept: unknown[] = [];

function answer(parts: Parts, fields: object = {}, attachments?: readonly Descriptor[]): void {
  const { socket, request, memfd, bells } = parts;
  const attached: Attached = {
    type: 'attached',
    generation: 1,
    arenaBytes,
    leaseMs: 60_000,
    remainingMs: 60_000,
    slots: { client: 0, first: 0, count: 1, session: 0 },
    layout: { name: 'classic', slotCount: 1, slotStride: 0 },
    offer: null,
  };
  const body = { ...attached, seq: request.seq, ...fields } as Message;
  const right = request.slots > 0 ? [memfd, bells[0].descriptor, bells[1].descriptor] : [memfd];
  socket.send(encodeMessage(body), attachments ?? right);
}

/** A control page as that of a lease with a server is. */
function layOut(page: ControlPage, identity: LeaseIdentity): void {
  page.initialise(identity);
  page.setLayout({ name: 'classic', slotCount: 1, slotStride: 0 });
}

/** Answers rightly, but with one byte of the control page wrong. */
function wrongControlByte(offset: number): Lease {
  return {
    grant: (parts) => {
      const at = arenaBytes + offset;
      parts.bytes[at] = (parts.bytes[at] ?? 0) ^ 0xff;
      answer(parts);
    },
  };
}

const attachedWith = (attachments: (parts: Parts) => readonly Descriptor[]): Lease => ({
  grant: (parts) => answer(parts, {}, attachments(parts)),
});
const answeredWith = (fields: object): Lease => ({ grant: (parts) => answer(parts, fields) });

/** A memfd whose size anybody can change: made by Python, since nothing of ours makes one. */
function unsealedMemfd(): Descriptor {
  const path = join(directory.path, 'unsealed.sock');
  const listener = new SeqpacketListener(path, 1);
  const code = `import os, socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect(${JSON.stringify(path)})
fd = os.memfd_create('leasewire'); os.ftruncate(fd, ${arenaBytes + controlPageBytes})
socket.send_fds(s, [b'x'], [fd])`;
  spawn('python3', ['-c', code], { stdio: 'inherit' });
  waitReadable([listener], 20_000);
  const peer = listener.accept();
  if (peer === undefined) throw new Error('Python did not connect');
  waitReadable([peer], 20_000);
  const descriptor = peer.receive(16, 4)?.descriptors[0];
  listener.close();
  unlinkSync(path);
  if (descriptor === undefined) throw new Error('Python sent no memfd');
  return descriptor;
}

const unsealed = unsealedMemfd();

/** What is wrong when the client attaches. */
const grants: Readonly<Record<string, Lease>> = {
  'unsealed memory': attachedWith(({ bells: [server, client] }) => [unsealed, server.descriptor, client.descriptor]),
  'memory too small': attachedWith(({ bells: [server, client] }) => [
    createSealedMemfd('leasewire', arenaBytes, false),
    server.descriptor,
    client.descriptor,
  ]),
  'memory too large': attachedWith(({ bells: [server, client] }) => [
    createSealedMemfd('leasewire', 2 * arenaBytes, false),
    server.descriptor,
    client.descriptor,
  ]),
  'memory that is a doorbell': attachedWith(({ bells: [server, client] }) => [
    new Doorbell().descriptor,
    server.descriptor,
    client.descriptor,
  ]),
  'doorbells that are memory': attachedWith(({ memfd }) => [memfd, memfd, memfd]),
  'no descriptors': attachedWith(() => []),
  'too few descriptors': attachedWith(({ memfd }) => [memfd]),
  'too many descriptors': attachedWith(({ memfd }) => new Array(12).fill(memfd)),
  'a wrong magic': wrongControlByte(0),
  'a wrong version': wrongControlByte(8),
  'a wrong lease id': wrongControlByte(16),
  'a wrong arena size': wrongControlByte(40),
  'a wrong control size': wrongControlByte(60),
  'a wrong state': wrongControlByte(12),
  'an arena size that is not the memory’s': answeredWith({ arenaBytes: arenaBytes - 4096 }),
  'an arena too small for the slot': {
    grant: (parts) => {
      const { id, bells } = parts;
      const memfd = createSealedMemfd('leasewire', 2 * controlPageBytes, false);
      const { buffer } = new Mapping(memfd, 2 * controlPageBytes);
      const identity = { lease: id, generation: 1, arenaBytes: controlPageBytes };
      layOut(new ControlPage(buffer, controlPageBytes), identity);
      kept.push(buffer);
      answer(parts, { arenaBytes: controlPageBytes }, [memfd, bells[0].descriptor, bells[1].descriptor]);
    },
  },
  'another generation than the control page': answeredWith({ generation: 7 }),
  'a slot that cannot be': answeredWith({ slots: { client: 0, first: 1, count: 1, session: 0 } }),
  'slots that are none': answeredWith({ slots: { client: 0, first: 0, count: 0, session: 0 } }),
  'a session that cannot be': answeredWith({ slots: { client: 0, first: 0, count: 1, session: 2 ** 20 } }),
  'a time that is none': answeredWith({ remainingMs: Number.NaN }),
  'a time without end': answeredWith({ remainingMs: 1e300 }),
  'no time': answeredWith({ remainingMs: 0 }),
  'an answer to something else': {
    grant: ({ socket, request }) => {
      socket.send(encodeMessage({ type: 'time', seq: request.seq, remainingMs: 5 }), []);
    },
  },
  'a request of its own': {
    grant: ({ socket, request }) => {
      socket.send(encodeMessage(request), []);
    },
  },
  garbage: {
    grant: ({ socket }) => {
      socket.send(randomBytes(500), []);
    },
  },
  'too long a message': {
    grant: ({ socket }) => {
      socket.send(randomBytes(16_385), []);
    },
  },
  'a connection that closes': { grant: ({ socket }) => socket.close() },
  'a connection that closes behind the answer': {
    grant: (parts) => {
      answer(parts);
      parts.socket.close();
    },
  },
  'an end right behind the answer': {
    grant: (parts) => {
      answer(parts);
      const lease = parts.request.lease;
      new ControlPage(parts.bytes.buffer as ArrayBuffer, arenaBytes).setState('revoked', 2);
      parts.socket.send(encodeMessage({ type: 'ended', lease, generation: 1, reason: 'revoked' }), []);
    },
  },
  'no answer': { grant: () => undefined },
};

interface Response {
  readonly status?: number;
  readonly length?: number;
  readonly idLow?: number;
  readonly idHigh?: number;
  readonly payload?: Uint8Array;
}

/** Answers each request, wrongly. */
function respondWith(response: (idLow: number, idHigh: number) => Response): Lease {
  return {
    grant: (parts) => answer(parts),
    serve: ({ bytes, view, bells }) => {
      if (Atomics.load(bytes, statusAt) !== 1) return;
      const ids = [view.getUint32(idLowAt, true), view.getUint32(idHighAt, true)] as const;
      const { status = 3, length, idLow = ids[0], idHigh = ids[1], payload = new Uint8Array(8) } = response(...ids);
      bytes[statusAt] = 2;
      view.setUint32(responseOffset + idLowAt, idLow, true);
      view.setUint32(responseOffset + idHighAt, idHigh, true);
      view.setUint32(responseOffset + methodAt, 1, true);
      view.setUint32(responseOffset + lengthAt, length ?? payload.length, true);
      bytes.set(payload, responseOffset + payloadAt);
      Atomics.store(bytes, responseOffset + statusAt, status);
      bells[1].ring();
    },
  };
}

function randomize({ bytes, bells }: Parts): void {
  for (let i = 0; i < 200; i++) bytes[Math.floor(Math.random() * arenaBytes)] = Math.floor(Math.random() * 256);
  Atomics.store(bytes, responseOffset + statusAt, Math.floor(Math.random() * 6));
  bells[1].ring();
}

/** What is wrong when the client calls. */
const responses: Readonly<Record<string, Lease>> = {
  'an unknown status': respondWith(() => ({ status: 9 })),
  "a request's status": respondWith(() => ({ status: 1 })),
  'a length of 32752': respondWith(() => ({ length: 32752 })),
  'a length of 2^32 - 1': respondWith(() => ({ length: 2 ** 32 - 1 })),
  'a length of 2^31': respondWith(() => ({ length: 2 ** 31 })),
  'the id of another request': respondWith((idLow) => ({ idLow: idLow + 1 })),
  'the id of another session': respondWith((_idLow, idHigh) => ({ idHigh: idHigh + 4096 })),
  'an error too short': respondWith(() => ({ status: 4, payload: Uint8Array.of(1, 0, 0) })),
  'an error of no kind': respondWith(() => ({ status: 4, payload: new Uint8Array(16).fill(99) })),
  'an error that is not UTF-8': respondWith(() => ({
    status: 4,
    payload: Uint8Array.of(1, 0, 0, 0, 5, 0, 0, 0, 0xff, 0xfe, 0xc0, 0x80),
  })),
  'no response': { grant: (parts) => answer(parts) },
  'random bytes all the time': { grant: (parts) => answer(parts), serve: randomize },
};

const leases: Readonly<Record<string, Lease>> = { ...grants, ...responses };
const names = new Map<LeaseId, string>();
for (const name of Object.keys(leases)) names.set(newLeaseId(agent, randomBytes(8)), name);

function partsOf(socket: SeqpacketSocket, request: Attach): Parts {
  const id = leaseIdFromBytes(request.lease);
  const memfd = createSealedMemfd('leasewire', arenaBytes + controlPageBytes, false);
  const { buffer } = new Mapping(memfd, arenaBytes + controlPageBytes);
  layOut(new ControlPage(buffer, arenaBytes), { lease: id, generation: 1, arenaBytes });
  const bells = [new Doorbell(), new Doorbell()] as const;
  return { socket, request, id, memfd, bytes: new Uint8Array(buffer), view: new DataView(buffer), bells };
}

function take(socket: SeqpacketSocket, message: Message): void {
  if (message.type !== 'attach') return;
  const lease = leases[names.get(leaseIdFromBytes(message.lease)) ?? ''];
  if (lease === undefined) return;
  const parts = partsOf(socket, message);
  kept.push(parts);
  if (lease.serve !== undefined) serving.push([lease.serve, parts]);
  lease.grant(parts);
}

function serveSocket(socket: SeqpacketSocket): void {
  kept.push(socket);
  socket.send(encodeMessage({ type: 'hello', version: protocolVersion, agent: agentIdToBytes(agent) }), []);
  socket.watch(() => {
    const received = socket.receive(65536, 16);
    if (received === null) socket.close();
    else if (received !== undefined) take(socket, decodeMessage(received.bytes));
  });
  socket.ref();
}

const listener = new SeqpacketListener(directory.socketPath(agent), 512);
listener.watch(() => {
  for (let peer = listener.accept(); peer !== undefined; peer = listener.accept()) serveSocket(peer);
});
listener.ref();
say('granted', { ids: Object.fromEntries([...names].map(([id, name]) => [name, id])) });

const rounds = setInterval(() => {
  for (const [serve, parts] of serving) serve(parts);
}, 1);
await hear();
clearInterval(rounds);
