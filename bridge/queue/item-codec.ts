// Values of a queue as msgpack. What comes out is the program's own: nothing in it is the ring's memory, which the peer may
// write to at any time.
import { Packr, RESET_BUFFER_MODE } from 'msgpackr';
import { MalformedFrame } from '../errors.ts';

const packr = new Packr({ useRecords: false, mapsAsObjects: true, int64AsType: 'bigint', copyBuffers: true });

/**
 * The value's bytes, until anything else is encoded: every encoder of msgpackr writes to the same memory. Throws TypeError for
 * undefined, which stands for no value.
 */
export function encodeItem(value: unknown): Uint8Array {
  if (value === undefined)
    throw new TypeError('undefined is no value of a queue: pop() returns it where there is none');
  return packr.pack(value, RESET_BUFFER_MODE);
}

/** Decodes from a copy of `bytes`. Throws MalformedFrame for what is no value. */
export class ItemDecoder {
  #copy: Uint8Array = new Uint8Array(0);

  decode(bytes: Uint8Array): unknown {
    if (this.#copy.length < bytes.length) this.#copy = new Uint8Array(Math.max(bytes.length, 2 * this.#copy.length));
    this.#copy.set(bytes);
    const value = this.#unpack(bytes.length);
    if (value !== undefined) return value;
    throw new MalformedFrame(`an item of ${bytes.length} bytes that is undefined`);
  }

  #unpack(bytes: number): unknown {
    try {
      return packr.unpack(this.#copy, bytes);
    } catch (cause) {
      throw new MalformedFrame(`an item of ${bytes} bytes that is not msgpack`, { cause });
    }
  }
}
