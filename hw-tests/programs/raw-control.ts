// The holder's side of a control connection over TCP, by hand: says what a holder would, or anything else. What a home
// takes, and from whom, is tried with it.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type LeaseId, type NetworkAddress, parseLeaseReference } from '#bridge';
import { decodeMessage, encodeMessage } from '../../bridge/control/codec.ts';
import { FrameReader, frameOf } from '../../bridge/control/frame-reader.ts';
import { type Message, protocolVersion, type RequestBody, type Response } from '../../bridge/control/messages.ts';

/** Far beyond what an answer takes. */
const answerMsMax = 20_000;

export interface Target {
  readonly lease: LeaseId;
  readonly address: NetworkAddress;
}

/** What a lease URL names. */
export function targetOf(url: string): Target {
  const { lease, address } = parseLeaseReference(url);
  if (address === undefined) throw new Error(`${url} names no address`);
  return { lease, address };
}

export class RawControl {
  readonly socket: Socket;
  readonly #received: Message[] = [];
  readonly #reader = new FrameReader();
  #closed = false;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.socket = socket.setNoDelay();
    socket.on('error', () => undefined); // `close` follows.
    socket.on('data', (piece) => {
      for (const frame of this.#reader.read(piece)) this.#received.push(decodeMessage(frame));
      this.#wake();
    });
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  /** Connects, and says nothing. */
  static async dial({ host, port }: NetworkAddress): Promise<RawControl> {
    const socket = connect({ host, port });
    const raw = new RawControl(socket);
    await once(socket, 'connect');
    return raw;
  }

  /** Connects, and says hello. */
  static async greet(address: NetworkAddress): Promise<RawControl> {
    const raw = await RawControl.dial(address);
    raw.say({ type: 'hello', version: protocolVersion, agent: new Uint8Array(8) });
    return raw;
  }

  get closed(): boolean {
    return this.#closed;
  }

  say(message: Message): void {
    this.sayBytes(encodeMessage(message));
  }

  /** Any bytes as a message. */
  sayBytes(bytes: Uint8Array): void {
    this.socket.write(frameOf(bytes));
  }

  /** The next message that is not the home's hello; undefined once it has closed. */
  async answer(): Promise<Message | undefined> {
    const giveUpAtMs = performance.now() + answerMsMax;
    for (;;) {
      const message = this.#received.shift();
      if (message !== undefined && message.type !== 'hello') return message;
      if (message === undefined && this.#closed) return undefined;
      if (performance.now() > giveUpAtMs) throw new Error(`no answer within ${answerMsMax} ms`);
      if (message === undefined) await this.#news();
    }
  }

  /** The answer to a request, past whatever the home tells unasked; undefined if it closes without. */
  async ask(body: RequestBody, seq: number = 1): Promise<Response | undefined> {
    this.say({ ...body, seq } as Message);
    for (;;) {
      const message = await this.answer();
      if (message === undefined) return undefined;
      if ('seq' in message && (message.seq === seq || message.seq === 0)) return message as Response;
    }
  }

  close(): void {
    this.socket.destroy();
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      const late = setTimeout(resolve, answerMsMax);
      this.#wake = () => {
        clearTimeout(late);
        resolve();
      };
    });
  }
}
