// A holder without manners: speaks the control protocol by hand and writes into the lease's memory as it likes. What a
// holder must not be able to do to others is tried with it.
import { randomBytes } from 'node:crypto';
import { readdirSync, readlinkSync } from 'node:fs';
import { DataType, load, open } from 'ffi-rs';
import { defaultRuntimePath, type LeaseId, parseLeaseReference, RuntimeDirectory } from '#bridge';
import { Doorbell, Mapping, SeqpacketSocket, waitReadable } from '#native';
import { decodeMessage, encodeMessage } from '../../bridge/control/codec.ts';
import type { Attached, Message } from '../../bridge/control/messages.ts';
import { protocolVersion } from '../../bridge/control/messages.ts';
import { controlPageBytes } from '../../bridge/lease/control-page.ts';
import { agentOf, leaseIdToBytes } from '../../bridge/lease/lease-id.ts';
import {
  idHighAt,
  idLowAt,
  lengthAt,
  methodAt,
  payloadAt,
  sessionShift,
  statusAt,
} from '../../bridge/rpc/classic-layout.ts';

const answerMsMax = 20_000;
const frameBytesMax = 65536;
const descriptorsMax = 16;

const libc = 'raw-holder-libc';
open({ library: libc, path: '' });

/** A function of libc that takes and returns integers. */
export function systemCall(funcName: string, ...args: number[]): number {
  const paramsType = args.map(() => DataType.I32);
  return load({ library: libc, funcName, retType: DataType.I32, paramsType, paramsValue: args });
}

export function connectRaw(lease: LeaseId): SeqpacketSocket {
  return new SeqpacketSocket(new RuntimeDirectory(defaultRuntimePath()).socketPath(agentOf(lease)));
}

export function sendRaw(socket: SeqpacketSocket, message: Message): boolean {
  return socket.send(encodeMessage(message), []);
}

/** The next message that is not the peer's hello; undefined once it has closed. */
export function receiveRaw(socket: SeqpacketSocket): { body: Message; descriptors: Attachments } | undefined {
  for (;;) {
    if (waitReadable([socket], answerMsMax) === 0) throw new Error('the home does not answer');
    const received = socket.receive(frameBytesMax, descriptorsMax);
    if (received === null) return undefined;
    if (received === undefined) continue;
    const body = decodeMessage(received.bytes);
    if (body.type !== 'hello') return { body, descriptors: received.descriptors };
  }
}

type Attachments = NonNullable<ReturnType<SeqpacketSocket['receive']>>['descriptors'];

/** Descriptor numbers of this process whose link contains `part`. */
export function descriptorNumbers(part: string): number[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).includes(part) ? [Number(fd)] : [];
    } catch {
      return [];
    }
  });
}

export class RawHolder {
  readonly id: LeaseId;
  readonly socket: SeqpacketSocket;
  readonly attached: Attached;
  /** The lease's bytes, then its control page. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly arenaBytes: number;
  readonly bells: readonly Doorbell[];
  /** Descriptor numbers: of the memory, and of the doorbells (the server's, then ours). */
  readonly memfd: number;
  readonly bellNumbers: readonly number[];
  #sequence = 0;

  constructor(reference: string, options: { readonly slots: number }) {
    this.id = parseLeaseReference(reference).lease;
    this.socket = connectRaw(this.id);
    const before = new Set(descriptorNumbers(''));
    const fresh = (part: string) => descriptorNumbers(part).filter((fd) => !before.has(fd));
    sendRaw(this.socket, { type: 'hello', version: protocolVersion, agent: new Uint8Array(8) });
    const lease = leaseIdToBytes(this.id);
    sendRaw(this.socket, { type: 'attach', seq: 1, lease, slots: options.slots, holder: randomBytes(16) });
    const answer = receiveRaw(this.socket);
    if (answer?.body.type !== 'attached') throw new Error(`not attached: ${JSON.stringify(answer?.body)}`);
    this.attached = answer.body;
    this.arenaBytes = answer.body.arenaBytes;
    this.memfd = fresh('/memfd:leasewire')[0] ?? -1;
    this.bellNumbers = fresh('[eventfd]');
    const [memfd, ...bells] = answer.descriptors;
    if (memfd === undefined) throw new Error('attached to no memory');
    const { buffer } = new Mapping(memfd, this.arenaBytes + controlPageBytes);
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.bells = bells.map((descriptor) => new Doorbell(descriptor));
    kept.push(memfd);
  }

  /** The session's part of a request id, in its high word. */
  get sessionHigh(): number {
    return ((this.attached.slots?.session ?? 0) << sessionShift) >>> 0;
  }

  /** Writes a request, of which everything but the status may be wrong, and publishes it. */
  post(request: { idLow?: number; idHigh?: number; methodId?: number; length?: number; status?: number }): void {
    this.#sequence += 1;
    const { idLow = this.#sequence, idHigh = this.sessionHigh, methodId = 1, length = 8, status = 1 } = request;
    this.view.setUint32(idLowAt, idLow, true);
    this.view.setUint32(idHighAt, idHigh, true);
    this.view.setUint32(methodAt, methodId, true);
    this.view.setUint32(lengthAt, length, true);
    this.bytes.fill(this.#sequence & 0xff, payloadAt, payloadAt + 8);
    Atomics.store(this.bytes, statusAt, status);
    this.bells[0]?.ring();
  }

  /** Keeps a hold of the memory and nothing else: the home knows of none. */
  detach(): void {
    this.socket.close();
  }
}

/** Descriptors that are not to be collected: attacks go for their numbers. */
const kept: unknown[] = [];
