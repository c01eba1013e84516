// Headers and payloads of the slots layout, as they stand in a window: what client and server read and write alike. The
// fields that read() finds are copies: the peer may write at any time.
import type { SlotLayout } from '../lease/control-page.ts';
import {
  deadlineAt,
  headerBytes,
  idHighAt,
  idLowAt,
  lengthAt,
  methodAt,
  payloadAt,
  slotPayloadBytes,
  statusAt,
} from './slots-layout.ts';

export class SlotFrames {
  /** What one slot holds, and bytes from one to the next. */
  readonly payloadBytes: number;
  readonly stride: number;
  /** Of the slot that was read last. */
  idLow = 0;
  idHigh = 0;
  methodId = 0;
  deadlineCode = 0;
  bytes = 0;
  readonly #arena: Uint8Array;
  readonly #words: Int32Array;

  constructor(arena: Uint8Array, layout: SlotLayout) {
    this.#arena = arena;
    this.#words = new Int32Array(arena.buffer, 0, arena.length >>> 2);
    this.stride = layout.slotStride;
    this.payloadBytes = slotPayloadBytes(layout);
  }

  /** Where a slot begins. */
  offsetOf(slot: number): number {
    return slot * this.stride;
  }

  /** Ordered by the entry that told of it. */
  statusOf(slot: number): number {
    return this.#arena[slot * this.stride + statusAt] as number;
  }

  setStatus(slot: number, status: number): void {
    this.#arena[slot * this.stride + statusAt] = status;
  }

  /** Reads each field once. */
  read(slot: number): void {
    const base = (slot * this.stride) >>> 2;
    const words = this.#words;
    this.idLow = words[base + (idLowAt >> 2)] as number;
    this.idHigh = words[base + (idHighAt >> 2)] as number;
    this.methodId = (words[base + (methodAt >> 2)] as number) >>> 0;
    this.deadlineCode = (words[base + (deadlineAt >> 2)] as number) >>> 16;
    this.bytes = (words[base + (lengthAt >> 2)] as number) >>> 0;
  }

  /** The deadline's word holds the status too, which is set when it is published. */
  write(slot: number, idLow: number, idHigh: number, methodId: number, bytes: number, deadlineCode: number): void {
    const base = (slot * this.stride) >>> 2;
    const words = this.#words;
    words[base + (idLowAt >> 2)] = idLow;
    words[base + (idHighAt >> 2)] = idHigh;
    words[base + (methodAt >> 2)] = methodId;
    words[base + (deadlineAt >> 2)] = deadlineCode << 16;
    words[base + (lengthAt >> 2)] = bytes;
  }

  /** Puts a payload, or a part of it, where it is read. It fits. */
  fill(slot: number, payload: Uint8Array): void {
    this.#arena.set(payload, slot * this.stride + payloadAt);
  }

  /** The slot's own bytes for a payload, `bytes` of them at most. */
  lend(slot: number, bytes: number): Uint8Array {
    const from = slot * this.stride + payloadAt;
    return this.#arena.subarray(from, from + Math.min(bytes, this.payloadBytes));
  }

  /** Bytes of a frame whose payload has so many from here on. */
  frameBytes(bytes: number): number {
    return headerBytes + Math.min(bytes, this.payloadBytes);
  }

  wipe(first: number, count: number): void {
    this.#arena.fill(0, first * this.stride, (first + count) * this.stride);
  }
}
