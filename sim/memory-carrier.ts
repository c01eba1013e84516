// One end of a carrier inside one process. It behaves as a SOCK_SEQPACKET socket does: whole messages, in order, each
// with copies of its attachments; what was sent before the end arrives before the end; several may arrive at once,
// and are then told in one go. Or as a TCP connection does whose messages have been put together, which takes no
// attachments and has nothing for pump().
import { type Attachment, type Carrier, type CarrierEvents, invariant } from '#bridge';
import { MemoryAttachment } from './memory-attachment.ts';
import type { Breakable, CarrierKind } from './memory-network.ts';
import type { PoolHost } from './pool-host.ts';
import type { SimClock } from './timeline.ts';

type Content =
  | { readonly bytes: Uint8Array; readonly attachments: readonly MemoryAttachment[] }
  | { readonly end: Error | undefined };

interface Arrival {
  readonly content: Content;
  /** By the receiver's clock. */
  readonly dueMs: number;
  arrived: boolean;
}

export interface MemoryCarrierOptions {
  /** Draws how long a message to this end takes; or, without bytes, news of the carrier's end. */
  readonly delayMs?: (bytes: Uint8Array | undefined) => number;
  readonly onClosed?: () => void;
  /** What it behaves as: a Unix socket, unless told otherwise. */
  readonly kind?: CarrierKind;
  /** The machine that this end is on, as it shares a pool. */
  readonly poolHost?: PoolHost | undefined;
}

export class MemoryCarrier implements Carrier, Breakable {
  readonly kind: CarrierKind;
  readonly carriesAttachments: boolean;
  readonly #clock: SimClock;
  readonly #delayMs: (bytes: Uint8Array | undefined) => number;
  readonly #onClosed: () => void;
  /** The machine that this end is on, as it shares a pool. */
  readonly poolHost: PoolHost | undefined;
  readonly #inbox: Arrival[] = [];
  #peer: MemoryCarrier | undefined;
  #events: CarrierEvents | undefined;
  #lastDueMs: number = Number.NEGATIVE_INFINITY;
  #closed = false;
  #keepsAlive = false;

  /** `clock` is the clock of the process that this end is in. */
  constructor(clock: SimClock, options: MemoryCarrierOptions = {}) {
    this.#clock = clock;
    this.#delayMs = options.delayMs ?? (() => 0);
    this.#onClosed = options.onClosed ?? (() => undefined);
    this.poolHost = options.poolHost;
    this.kind = options.kind ?? 'unix';
    this.carriesAttachments = this.kind !== 'tcp';
  }

  /** Makes this and `peer` the two ends of one carrier. */
  connectTo(peer: MemoryCarrier): void {
    invariant(this.#peer === undefined && peer.#peer === undefined, 'a carrier has two ends');
    this.#peer = peer;
    peer.#peer = this;
  }

  /** The machine at the other end, as it shares a pool. */
  get peerPoolHost(): PoolHost | undefined {
    return this.#peer?.poolHost;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether it would keep its process alive. */
  get keepsAlive(): boolean {
    return this.#keepsAlive && !this.#closed;
  }

  /** Whether there is something for pump() to deliver. */
  get hasNews(): boolean {
    return this.carriesAttachments && this.#hasArrived;
  }

  open(events: CarrierEvents): void {
    this.#events = events;
    this.#clock.after(0, () => this.#deliver());
  }

  send(bytes: Uint8Array, attachments: readonly Attachment[]): void {
    invariant(this.carriesAttachments || attachments.length === 0, 'no attachments travel over TCP');
    if (this.#closed) return;
    this.#tellPeer({ bytes: Uint8Array.from(bytes), attachments: attachments.map(copyOf) });
  }

  pump(): void {
    this.#deliver();
  }

  #deliver(): void {
    while (this.#events !== undefined && this.#hasArrived) {
      const { content } = this.#inbox.shift() as Arrival;
      if ('bytes' in content) this.#events.onMessage(content.bytes, content.attachments);
      else this.#end(content.end, this.#events);
    }
  }

  greeted(): void {}

  keepAlive(keep: boolean): void {
    this.#keepsAlive = keep;
    this.#clock.keepAlive(this, this.keepsAlive);
  }

  close(): void {
    if (this.#closed) return;
    this.#tellPeer({ end: undefined });
    this.#forget();
  }

  /** The carrier itself fails: both ends see it end, and what is under way is lost. */
  fail(error: Error): void {
    this.lose(error);
    this.#peer?.lose(error);
  }

  /** As fail(), at this end alone: what the peer sends from here on is lost, and it is not told. */
  lose(error: Error): void {
    if (this.#closed) return;
    this.#drop();
    this.#arrive({ end: error });
  }

  /** The process is dead: the kernel closes for it. */
  abandon(): void {
    this.close();
  }

  /** After a while, by its own clock, whatever has become of the process here. */
  peerNoticesSilence(afterMs: number): void {
    const peer = this.#peer;
    if (peer === undefined || peer.closed) return;
    peer.#clock.after(afterMs, () => peer.lose(new Error('the peer is silent')));
  }

  #tellPeer(content: Content): void {
    const peer = this.#peer;
    if (peer !== undefined) peer.#arrive(content);
  }

  #arrive(content: Content): void {
    if (this.#closed) return closeAttachments(content);
    const nowMs = this.#clock.nowMs();
    const bytes = 'bytes' in content ? content.bytes : undefined;
    const dueMs = Math.max(this.#lastDueMs, nowMs + this.#delayMs(bytes));
    const arrival = { content, dueMs, arrived: false };
    this.#lastDueMs = dueMs;
    this.#inbox.push(arrival);
    this.#clock.after(dueMs - nowMs, () => {
      arrival.arrived = true;
      this.#deliver();
    });
  }

  get #hasArrived(): boolean {
    const [first] = this.#inbox;
    return !this.#closed && first !== undefined && this.#isHere(first);
  }

  #isHere(arrival: Arrival): boolean {
    return arrival.arrived || arrival.dueMs <= this.#clock.nowMs();
  }

  #end(error: Error | undefined, events: CarrierEvents): void {
    this.#forget();
    events.onClose(error);
  }

  #forget(): void {
    this.#closed = true;
    this.#clock.keepAlive(this, false);
    this.#drop();
    this.#onClosed();
  }

  #drop(): void {
    for (const { content } of this.#inbox.splice(0)) closeAttachments(content);
  }
}

function copyOf(attachment: Attachment): MemoryAttachment {
  invariant(attachment instanceof MemoryAttachment && !attachment.closed, 'an open attachment of this simulation');
  return attachment.duplicate();
}

function closeAttachments(content: Content): void {
  if ('bytes' in content) for (const attachment of content.attachments) attachment.close();
}
