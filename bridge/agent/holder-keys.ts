// The keys by which homes know this agent again, over whatever connection: the same for all sessions with one home, and no
// other home's business.
import { createHash } from 'node:crypto';
import { holderKeyBytes } from '../control/messages.ts';
import type { Random } from '../environment.ts';

const secretBytes = 32;

export class HolderKeys {
  readonly #secret: Uint8Array;

  constructor(random: Random) {
    this.#secret = random.bytes(secretBytes);
  }

  of(home: string): Uint8Array {
    return createHash('sha256').update(this.#secret).update(home).digest().subarray(0, holderKeyBytes);
  }
}
