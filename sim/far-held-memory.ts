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
import { FarClientPort } from './far-client-port.ts';
import type { FarLooker, FarPath } from './far-path.ts';
import type { FarNews } from './far-request.ts';
import { MemorySegment, MemoryWindow, type MirrorOf } from './memory-window.ts';

export class FarHeldMemory implements HeldMemory {
  readonly window: MemoryWindow;
  readonly #looker: FarLooker;
  readonly #generation: number;
  readonly #layout: SlotLayout;
  #port: FarClientPort | undefined;
  #onClose: () => void = () => undefined;

  /** The control page is this process's own: what the home says of the lease is written there as it arrives. */
  constructor(looker: FarLooker, { identity, layout }: BindRequest, home: MirrorOf) {
    this.#looker = looker;
    this.#generation = identity.generation;
    this.#layout = layout;
    this.window = new MemoryWindow(new MemorySegment(identity.arenaBytes + controlPageBytes), home);
    this.window.control.initialise(identity);
    this.window.control.setLayout(layout);
  }

  get clientPort(): FarClientPort | undefined {
    return this.#port;
  }

  /** The lease is reached by this path from here on. With slots, the mirror is open to the home's responses. */
  connect(path: FarPath, slots: SlotRange | undefined, onClose: () => void): void {
    this.#onClose = onClose;
    if (slots === undefined) return;
    const { arena } = this.window;
    path.end.regions.set(path.binding, arena);
    this.#port ??= new FarClientPort(this.#looker, arena, new MirrorSlots(arena, this.#layout, slots));
    this.#port.connect(path);
  }

  heard(news: FarNews): void {
    if ('status' in news) return this.#port?.arrived(news.place, news.status);
    if ('kind' in news) return this.#port?.told(news.place, news.kind);
    this.window.control.setState(news.ended, this.#generation + 1);
    this.#port?.wake();
  }

  keepAlive(waiter: object, keep: boolean): void {
    this.#looker.keepAlive(waiter, keep);
  }

  close(): void {
    if (this.window.closed) return;
    this.#port?.disarm();
    this.#port?.keepAlive(false);
    this.window.close();
    this.#onClose();
  }
}
