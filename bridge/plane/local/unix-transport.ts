// The local plane's carrier: a SOCK_SEQPACKET Unix socket. The kernel keeps message bounds, passes descriptors, names
// the peer's user, and tells of its death; so a session is exactly as alive as its process.
import { renameSync, unlinkSync } from 'node:fs';
import { type Descriptor, SeqpacketListener, SeqpacketSocket, type SystemError } from '#native';
import type { Carrier, CarrierEvents, CarrierListener, CarrierTransport } from '../../control/carrier.ts';
import type { Clock } from '../../environment.ts';
import { CapacityExceeded, Disconnected, IoError } from '../../errors.ts';
import {
  controlBacklogMax,
  controlDescriptorsMax,
  controlFrameBytesMax,
  listenBacklog,
  socketPathBytesMax,
} from '../../limits.ts';
import type { Attachment } from '../plane.ts';

/** A peer that does not read is tried again this often. */
const congestedRetryMs = 2;
/** With no descriptor left, peers wait in the backlog, and accepting them is tried again this often. */
const exhaustedRetryMs = 50;

interface Outgoing {
  readonly bytes: Uint8Array;
  readonly attachments: readonly Attachment[];
}

export class UnixCarrier implements Carrier {
  readonly carriesAttachments = true;
  readonly socket: SeqpacketSocket;
  readonly #clock: Clock;
  readonly #backlog: Outgoing[] = [];
  #events: CarrierEvents | undefined;

  constructor(socket: SeqpacketSocket, clock: Clock) {
    this.socket = socket;
    this.#clock = clock;
  }

  open(events: CarrierEvents): void {
    this.#events = events;
    this.socket.watch(() => this.pump());
  }

  send(bytes: Uint8Array, attachments: readonly Attachment[]): void {
    if (this.socket.closed) return;
    if (this.#backlog.length === 0 && this.#trySend({ bytes, attachments })) return;
    if (this.#backlog.length >= controlBacklogMax) {
      this.#fail(new CapacityExceeded(`the peer left ${controlBacklogMax} control messages unread`));
      return;
    }
    this.#backlog.push({ bytes, attachments });
    if (this.#backlog.length === 1) this.#retryLater();
  }

  pump(): void {
    while (!this.socket.closed) {
      const received = this.#receive();
      if (received === undefined) return;
      if (received === null) return this.#fail(undefined);
      this.#events?.onMessage(received.bytes, received.descriptors);
    }
  }

  /** Its peers are this user's own processes: there are no strangers. */
  greeted(): void {}

  keepAlive(keep: boolean): void {
    if (this.socket.closed) return;
    if (keep) this.socket.ref();
    else this.socket.unref();
  }

  close(): void {
    this.#backlog.length = 0;
    this.socket.close();
  }

  #receive(): ReturnType<SeqpacketSocket['receive']> {
    try {
      return this.socket.receive(controlFrameBytesMax, controlDescriptorsMax);
    } catch (error) {
      this.#fail(error as SystemError);
      return undefined;
    }
  }

  /** True when there is nothing left to do for this message: sent, or the carrier has failed. */
  #trySend({ bytes, attachments }: Outgoing): boolean {
    try {
      return this.socket.send(bytes, attachments as readonly Descriptor[]);
    } catch (error) {
      // What the peer sent before it went, such as why, is still to be read: the end is told after it, from the loop.
      if ((error as SystemError).code !== 'EPIPE') this.#fail(error as SystemError);
      return true;
    }
  }

  #retryLater(): void {
    this.#clock.after(congestedRetryMs, () => {
      while (this.#backlog.length > 0 && !this.socket.closed) {
        if (!this.#trySend(this.#backlog[0] as Outgoing)) return this.#retryLater();
        this.#backlog.shift();
      }
    });
  }

  #fail(error: Error | undefined): void {
    if (this.socket.closed) return;
    this.close();
    this.#events?.onClose(error);
  }
}

class UnixListener implements CarrierListener {
  readonly address: string;
  readonly #socket: SeqpacketListener;

  constructor(address: string, socket: SeqpacketListener) {
    this.address = address;
    this.#socket = socket;
  }

  close(): void {
    if (this.#socket.closed) return;
    this.#socket.close();
    unlinkIfThere(this.address);
  }
}

/** Carriers between processes of one user on one machine; addresses are paths of sockets. */
export class UnixTransport implements CarrierTransport {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  listen(address: string, onCarrier: (carrier: Carrier) => void): CarrierListener {
    // Under its own name only once it listens: whoever finds it refusing connections may take it for a dead one's.
    const unborn = `${address}.new`;
    checkPath(unborn);
    const socket = systemCall(() => {
      const listening = new SeqpacketListener(unborn, listenBacklog);
      renameSync(unborn, address);
      return listening;
    });
    this.#acceptFrom(socket, onCarrier);
    return new UnixListener(address, socket);
  }

  #acceptFrom(socket: SeqpacketListener, onCarrier: (carrier: Carrier) => void): void {
    socket.watch(() => {
      for (let peer = acceptOne(socket); peer !== undefined; peer = acceptOne(socket)) {
        if (peer === 'exhausted') return this.#acceptLater(socket, onCarrier);
        if (mayTalk(peer)) onCarrier(new UnixCarrier(peer, this.#clock));
        else peer.close();
      }
    });
  }

  /** Stays off the event loop meanwhile, which would call back all the time. */
  #acceptLater(socket: SeqpacketListener, onCarrier: (carrier: Carrier) => void): void {
    socket.unwatch();
    this.#clock.after(exhaustedRetryMs, () => {
      if (!socket.closed) this.#acceptFrom(socket, onCarrier);
    });
  }

  connect(address: string): Carrier {
    checkPath(address);
    return new UnixCarrier(
      systemCall(() => new SeqpacketSocket(address)),
      this.#clock,
    );
  }
}

/** A connection; undefined when none waits, `exhausted` when this process or machine has no means for another. */
function acceptOne(socket: SeqpacketListener): SeqpacketSocket | 'exhausted' | undefined {
  try {
    return socket.accept();
  } catch (error) {
    if (!isExhaustion(error as SystemError)) throw error;
    return 'exhausted';
  }
}

function isExhaustion({ code }: SystemError): boolean {
  return ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'].includes(code);
}

/** The same user, or the superuser, who could read our memory anyway. */
function mayTalk(peer: SeqpacketSocket): boolean {
  return peer.peer.uid === process.getuid?.() || peer.peer.uid === 0;
}

function checkPath(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes <= socketPathBytesMax) return;
  throw new IoError(`socket path of ${bytes} bytes, at most ${socketPathBytesMax} fit: ${path}`);
}

function systemCall<T>(call: () => T): T {
  try {
    return call();
  } catch (cause) {
    const { code, message } = cause as SystemError;
    if (code === 'ECONNREFUSED' || code === 'ENOENT') throw new Disconnected(`nobody listens: ${message}`, { cause });
    if (code === 'EAGAIN' || code === 'EMFILE' || code === 'ENFILE') throw new CapacityExceeded(message, { cause });
    throw new IoError(message, { cause });
  }
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Swept by somebody else, which is as good.
  }
}
