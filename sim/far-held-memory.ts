// A lease held from another machine: its window, a mirror, which stays through reconnections, and the path by which its
// home is reached.
import {
  type BindRequest,
  controlPageBytes,
  type HeldMemory,
  MirrorSlots,
  type SlotLayout,
  type SlotRange,
} from '#bridge';
import { FarAccess } from './far-access.ts';
import type { FarCard } from './far-card.ts';
import { FarClientPort } from './far-client-port.ts';
import type { FarPath } from './far-path.ts';
import type { FarNews } from './far-request.ts';
import { MemorySegment, MemoryWindow } from './memory-window.ts';

export class FarHeldMemory implements HeldMemory {
  readonly window: MemoryWindow;
  readonly #card: FarCard;
  readonly #generation: number;
  readonly #layout: SlotLayout;
  readonly #access = new FarAccess();
  #port: FarClientPort | undefined;
  #onClose: () => void = () => undefined;

  /** The control page is this process's own: what the home says of the lease is written there as it arrives. */
  constructor(card: FarCard, { identity, layout }: BindRequest) {
    this.#card = card;
    this.#generation = identity.generation;
    this.#layout = layout;
    this.window = new MemoryWindow(new MemorySegment(identity.arenaBytes + controlPageBytes), this.#access);
    this.window.control.initialise(identity);
    this.window.control.setLayout(layout);
  }

  get clientPort(): FarClientPort | undefined {
    return this.#port;
  }

  /** The lease is reached by this path from here on. With slots, the mirror is open to the home's responses. */
  connect(path: FarPath, slots: SlotRange | undefined, onClose: () => void): void {
    this.#onClose = onClose;
    this.#access.connect(path);
    if (slots === undefined) return;
    const { arena } = this.window;
    path.end.regions.set(path.binding, arena);
    this.#port ??= new FarClientPort(this.#card, arena, new MirrorSlots(arena, this.#layout, slots));
    this.#port.connect(path);
  }

  heard(news: FarNews): void {
    if ('status' in news) return this.#port?.arrived(news.place, news.status);
    if ('kind' in news) return this.#port?.told(news.place, news.kind);
    this.window.control.setState(news.ended, this.#generation + 1);
    this.#port?.wake();
  }

  keepAlive(waiter: object, keep: boolean): void {
    this.#card.keepAlive(waiter, keep);
  }

  close(): void {
    if (this.window.closed) return;
    this.#port?.disarm();
    this.#port?.keepAlive(false);
    this.window.close();
    this.#onClose();
  }
}
