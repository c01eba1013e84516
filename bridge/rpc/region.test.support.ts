// A region of the classic layout as any language sees it: by the documented offsets, with nothing of ours in between.
//
//     0 request id u64 | 8 method id u32 | 12 status u8 | 13 payload bytes u32 | 17 payload       (little-endian)

export const statuses = { empty: 0, requestReady: 1, processing: 2, responseReady: 3, error: 4 } as const;

export interface RegionContent {
  readonly id: bigint;
  readonly methodId: number;
  readonly status: number;
  /** What the header says, whatever the payload is. */
  readonly bytes: number;
  readonly payload: Uint8Array;
}

export class Region {
  readonly #arena: Uint8Array;
  readonly #offset: number;
  readonly #view: DataView;

  constructor(arena: Uint8Array, offset: number) {
    this.#arena = arena;
    this.#offset = offset;
    this.#view = new DataView(arena.buffer, arena.byteOffset + offset, 32768);
  }

  get status(): number {
    return this.#view.getUint8(12);
  }

  get id(): bigint {
    return this.#view.getBigUint64(0, true);
  }

  read(): RegionContent {
    const bytes = this.#view.getUint32(13, true);
    return {
      id: this.id,
      methodId: this.#view.getUint32(8, true),
      status: this.status,
      bytes,
      payload: this.#arena.slice(this.#offset + 17, this.#offset + 17 + Math.min(bytes, 32751)),
    };
  }

  /** Writes what is given, the status last. */
  write(content: Partial<RegionContent>): void {
    const { id, methodId, status, payload } = content;
    const bytes = content.bytes ?? payload?.length;
    if (id !== undefined) this.#view.setBigUint64(0, id, true);
    if (methodId !== undefined) this.#view.setUint32(8, methodId, true);
    if (bytes !== undefined) this.#view.setUint32(13, bytes, true);
    if (payload !== undefined) this.#arena.set(payload, this.#offset + 17);
    if (status !== undefined) this.#view.setUint8(12, status);
  }

  /** Writes anything over its beginning. */
  overwrite(bytes: Uint8Array): void {
    this.#arena.set(bytes, this.#offset);
  }
}

export interface Regions {
  readonly request: Region;
  readonly response: Region;
}

export function regionsOf({ arena }: { readonly arena: Uint8Array }): Regions {
  return { request: new Region(arena, 0), response: new Region(arena, 32768) };
}
