// What many clients and their server write down, 8 bytes a record, little-endian. A client's record is written when its
// write() returns, so that kill -9 takes back nothing:
//
//     offset  size  client's file                     server's file: one record for each call that was begun
//          0     4  number of the call                tag of the client
//          4     1  fate (see callFates)              number of the call, 4 bytes
//          5     1  1: it may have been executed
//          6     2  zero
import { openSync, writeSync } from 'node:fs';

export const recordBytes = 8;

/** What became of a call. `begun` stands before each other. */
export const callFates = [
  'begun',
  'answered',
  'refused',
  'deadline',
  'cancelled',
  'released',
  'wrong answer',
  'strange error',
] as const;
export type CallFate = (typeof callFates)[number];

export class ClientHistory {
  readonly #file: number;
  readonly #record: Buffer = Buffer.alloc(recordBytes);

  constructor(path: string) {
    this.#file = openSync(path, 'ax');
  }

  note(number: number, fate: CallFate, mayHaveExecuted: boolean): void {
    this.#record.writeUInt32LE(number, 0);
    this.#record.writeUInt8(callFates.indexOf(fate), 4);
    this.#record.writeUInt8(Number(mayHaveExecuted), 5);
    writeAll(this.#file, this.#record);
  }
}

/** The server is not killed: its records are written some thousands at a time. */
export class ServerHistory {
  count = 0;
  readonly #file: number;
  readonly #records: Buffer = Buffer.alloc(8192 * recordBytes);
  #filled = 0;

  constructor(path: string) {
    this.#file = openSync(path, 'ax');
  }

  note(tag: number, number: number): void {
    this.count += 1;
    this.#records.writeUInt32LE(tag, this.#filled);
    this.#records.writeUInt32LE(number, this.#filled + 4);
    this.#filled += recordBytes;
    if (this.#filled === this.#records.length) this.flush();
  }

  flush(): void {
    writeAll(this.#file, this.#records.subarray(0, this.#filled));
    this.#filled = 0;
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
}
