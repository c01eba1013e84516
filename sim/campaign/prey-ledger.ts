// The truth about the calls of a lease that hostile clients share with honest ones: what the honest ask is as everywhere,
// and of what the others ask nothing runs oftener than it was asked.

import { payloadBytesMax } from '#bridge';
import type { Actor } from './actor.ts';
import { type Call, CallLedger } from './call-ledger.ts';
import type { Granted } from './granted.ts';

/** Which no honest client calls. */
export const hostileMethodId = 666;

export class PreyLedger extends CallLedger {
  readonly #runs: number[] = [0];

  /** Names one request of a hostile client; 0 is none's. */
  token(): number {
    this.#runs.push(0);
    return this.#runs.length - 1;
  }

  payload(token: number): Uint8Array {
    return new Uint8Array(Uint32Array.of(token, ~token).buffer);
  }

  override ran(actor: Actor, granted: Granted, methodId: number, payload: Uint8Array): Call | undefined {
    if (methodId !== hostileMethodId) return super.ran(actor, granted, methodId, payload);
    actor.mark('hostile: asked');
    checkLength(actor, granted, payload);
    const [token = 0, complement = 0] = new Uint32Array(payload.slice(0, 8).buffer, 0, payload.length < 8 ? 0 : 2);
    const runs = this.#runs[token];
    if (token === 0 || runs === undefined || complement !== ~token >>> 0) return undefined;
    this.#runs[token] = runs + 1;
    if (runs > 0) actor.fail(`request ${token} of a hostile client ran ${runs + 1} times`);
    return undefined;
  }
}

/** No request is longer than its layout allows. */
function checkLength(actor: Actor, { lease: { layout, arenaBytes } }: Granted, { length }: Uint8Array): void {
  const bytesMax = layout.name === 'classic' ? payloadBytesMax : arenaBytes;
  if (length > bytesMax) actor.fail(`the handler got ${length} bytes, and there can be no more than ${bytesMax}`);
}

/** Of a lease in which hostile clients write wherever they like: whatever comes is as good as nothing, but never too long. */
export class OpenPreyLedger extends PreyLedger {
  override ran(actor: Actor, granted: Granted, _methodId: number, payload: Uint8Array): undefined {
    super.ran(actor, granted, hostileMethodId, payload.subarray(0, 0));
    checkLength(actor, granted, payload);
  }
}
