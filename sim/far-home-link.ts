// The home's end of a far session: opens each granted lease to the session's card, and closes it again, which is what
// stops the holder.
import type { FabricError, Grant, HomeLink, HomeMemory, SlotRange } from '#bridge';
import type { FarCard } from './far-card.ts';
import type { FarEnd } from './far-end.ts';
import { type EndReason, FarGrants } from './far-grants.ts';
import { decodeNumber, encodeNumber } from './far-numbers.ts';

export class FarHomeLink implements HomeLink {
  readonly #card: FarCard;
  readonly #end: FarEnd;
  readonly #grants: FarGrants;
  #connected = false;

  constructor(card: FarCard, onBroken: (error: FabricError) => void) {
    this.#card = card;
    this.#end = card.openEnd({ onNews: (binding, news) => this.#grants.heard(binding, news), onBroken });
    this.#grants = new FarGrants(this.#end);
  }

  /** The holder says which its end is, and is told which is the home's; then, which bindings it is ready for. */
  answer(body: Uint8Array): Uint8Array {
    if (this.#connected) this.#grants.open(decodeNumber(body));
    else this.#end.connect(decodeNumber(body));
    this.#connected = true;
    return encodeNumber(this.#end.number);
  }

  grant(memory: HomeMemory, _identity: unknown, slots: SlotRange | undefined): Grant {
    return { attachments: [], offer: encodeNumber(this.#grants.add(memory, slots)) };
  }

  withdraw(memory: HomeMemory, reason?: EndReason): boolean {
    for (const binding of this.#grants.of(memory)) this.#grants.remove(binding, reason);
    return true;
  }

  close(): void {
    this.#card.closeEnd(this.#end);
    for (const binding of this.#grants.all()) this.#grants.remove(binding);
  }
}
