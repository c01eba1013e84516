// One control connection seen from either end: numbers requests, pairs responses with them, checks the peer's version
// and closes on a peer that breaks the protocol. What requests mean is its owner's business.
import type { Clock, Timer } from '../environment.ts';
import { DeadlineExceeded, Disconnected, FabricError, MalformedFrame } from '../errors.ts';
import { type AgentId, agentIdFromBytes, agentIdToBytes } from '../lease/lease-id.ts';
import { controlRequestMs } from '../limits.ts';
import type { Attachment } from '../plane/plane.ts';
import type { Carrier } from './carrier.ts';
import { decodeMessage, encodeMessage } from './codec.ts';
import {
  type Message,
  type Notice,
  protocolVersion,
  type Request,
  type RequestBody,
  type Response,
  type ResponseBody,
} from './messages.ts';

export interface Answer {
  readonly body: ResponseBody;
  /** Borrowed: still the answerer's. */
  readonly attachments?: readonly Attachment[];
}

export interface Reply {
  readonly body: Response;
  /** The requester's to keep or to close. */
  readonly attachments: readonly Attachment[];
}

export interface ConnectionOwner {
  /** Answers a request; what it throws is sent back as a refusal. */
  onRequest(request: Request): Answer;
  onNotice(notice: Notice): void;
  /** The peer is gone or misbehaved. Called once; never after close(). */
  onClose(error: FabricError): void;
}

/** Which agents are at the two ends. */
export interface Ends {
  readonly self: AgentId;
  /** Whoever else answers is not who was meant. Undefined: anybody. */
  readonly peer?: AgentId | undefined;
}

interface Pending {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: FabricError) => void;
  readonly timer: Timer;
}

export class ControlConnection {
  readonly carrier: Carrier;
  readonly #clock: Clock;
  readonly #owner: ConnectionOwner;
  readonly #ends: Ends;
  readonly #pending = new Map<number, Pending>();
  /** Requests that were given up, and what to do should their response still come. */
  readonly #late = new Map<number, (reply: Reply) => void>();
  #lastSeq = 0;
  #greeted = false;
  #closed = false;

  constructor(carrier: Carrier, clock: Clock, owner: ConnectionOwner, ends: Ends) {
    this.carrier = carrier;
    this.#clock = clock;
    this.#owner = owner;
    this.#ends = ends;
    this.#send({ type: 'hello', version: protocolVersion, agent: agentIdToBytes(ends.self) }, []);
    carrier.open({
      onMessage: (bytes, attachments) => this.#receive(bytes, attachments),
      onClose: (cause) => this.#end(cause),
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Sends a request and waits for its response. Rejects with the FabricError that the peer refused it with, with
   * Disconnected when the connection ends first, or with DeadlineExceeded after a time. A response that comes later
   * than that goes to `onLate`, which can undo what it granted.
   */
  request(body: RequestBody, onLate?: (reply: Reply) => void): Promise<Reply> {
    if (this.#closed) return Promise.reject(new Disconnected('the control connection is closed'));
    this.#lastSeq = (this.#lastSeq % 0xffffffff) + 1;
    const seq = this.#lastSeq;
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(controlRequestMs, () => {
        if (onLate !== undefined) this.#late.set(seq, onLate);
        this.#settle(seq)?.reject(new DeadlineExceeded(`no answer to ${body.type} within ${controlRequestMs} ms`));
      });
      this.#pending.set(seq, { resolve, reject, timer });
      this.carrier.keepAlive(true);
      this.#send({ ...body, seq } as Request, []);
    });
  }

  notify(notice: Notice): void {
    if (!this.#closed) this.#send(notice, []);
  }

  /** Closes at once; whatever is unanswered fails with Disconnected. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.carrier.close();
    // Most have nothing pending, and an error costs more than all else here.
    if (this.#pending.size === 0) return;
    const error = new Disconnected('the control connection was closed here');
    for (const seq of [...this.#pending.keys()]) this.#settle(seq)?.reject(error);
  }

  #send(body: Message, attachments: readonly Attachment[]): void {
    this.carrier.send(encodeMessage(body), attachments);
  }

  #settle(seq: number): Pending | undefined {
    const pending = this.#pending.get(seq);
    pending?.timer.cancel();
    this.#pending.delete(seq);
    if (this.#pending.size === 0 && !this.#closed) this.carrier.keepAlive(false);
    return pending;
  }

  #receive(bytes: Uint8Array, attachments: readonly Attachment[]): void {
    if (this.#closed) return closeAll(attachments);
    try {
      this.#dispatch(decodeMessage(bytes), attachments);
    } catch (error) {
      closeAll(attachments);
      this.#refuse(FabricError.from(error));
    }
  }

  #dispatch(body: Message, attachments: readonly Attachment[]): void {
    if (body.type === 'hello') {
      closeAll(attachments);
      return this.#greet(agentIdFromBytes(body.agent));
    }
    if (!this.#greeted) throw new MalformedFrame(`expected hello, got ${body.type}`);
    switch (body.type) {
      case 'attach':
      case 'detach':
      case 'renew':
      case 'remaining':
      case 'describe':
      case 'resolve':
      case 'plane':
        if (attachments.length > 0) throw new MalformedFrame('a request carries no descriptors');
        return this.#answer(body);
      case 'renewed':
      case 'ended':
        closeAll(attachments);
        return this.#owner.onNotice(body);
      default:
        return this.#conclude(body, attachments);
    }
  }

  #greet(agent: AgentId): void {
    const { peer = agent } = this.#ends;
    // It broke no rule: it only is not who was there before.
    if (agent !== peer)
      return this.#fail(
        new Disconnected(`agent ${peer} was restarted: ${agent} answers in its place`, { final: true }),
      );
    this.#greeted = true;
    this.carrier.greeted();
  }

  #answer(request: Request): void {
    const { seq } = request;
    try {
      const { body, attachments = [] } = this.#owner.onRequest(request);
      this.#send({ ...body, seq } as Response, attachments);
    } catch (error) {
      this.#send(refusal(seq, FabricError.from(error)), []);
    }
  }

  #conclude(body: Response, attachments: readonly Attachment[]): void {
    if (body.type === 'refused' && body.seq === 0) throw FabricError.of(body.code, body.message);
    const pending = this.#settle(body.seq);
    if (pending === undefined) {
      closeAll(attachments);
      this.#late.get(body.seq)?.({ body, attachments: [] });
      this.#late.delete(body.seq);
    } else if (body.type === 'refused') {
      closeAll(attachments);
      pending.reject(FabricError.of(body.code, body.message));
    } else {
      // Only this answer has any; whatever else brings them is a peer that wants us to run out of descriptors.
      if (body.type !== 'attached') closeAll(attachments);
      pending.resolve({ body, attachments });
    }
  }

  /** The peer broke the protocol: it is told why, and gets no further. */
  #refuse(error: FabricError): void {
    this.#send(refusal(0, error), []);
    this.#fail(error);
  }

  #end(cause: Error | undefined): void {
    if (cause instanceof MalformedFrame) this.#refuse(cause);
    else this.#fail(new Disconnected('the control connection is closed', { cause }));
  }

  #fail(error: FabricError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.carrier.close();
    for (const seq of [...this.#pending.keys()]) this.#settle(seq)?.reject(error);
    this.#owner.onClose(error);
  }
}

function refusal(seq: number, error: FabricError): Response {
  return { type: 'refused', seq, code: error.code, message: error.message.slice(0, 1024) };
}

function closeAll(attachments: readonly Attachment[]): void {
  for (const attachment of attachments) attachment.close();
}
