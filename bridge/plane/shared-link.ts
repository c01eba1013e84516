// The links of planes whose holders map the home's own memory: all is in the attachments, and nothing has to be kept.
import type { Carrier } from '../control/carrier.ts';
import { MalformedFrame } from '../errors.ts';
import type { BindRequest, Grant, HeldMemory, HolderLink, HomeLink, HomeMemory } from './plane.ts';
import type { SlotRange } from './slot-board.ts';

export class SharedHomeLink implements HomeLink {
  answer(): never {
    throw new MalformedFrame('this plane asks nothing');
  }

  grant(memory: HomeMemory, _identity: unknown, slots: SlotRange | undefined): Grant {
    return { attachments: memory.share(slots), offer: null };
  }

  /** The memory is not granted again, and a holder that keeps it mapped keeps it to itself. */
  withdraw(): boolean {
    return true;
  }

  close(): void {}
}

/** Binds by mapping what was handed over. */
export class SharedHolderLink implements HolderLink {
  /** Such a session is lost with its home, never on the way to it. */
  readonly resumes = false;
  readonly #carrier: Carrier;
  readonly #map: (request: BindRequest, carrier: Carrier) => HeldMemory;

  constructor(carrier: Carrier, map: (request: BindRequest, carrier: Carrier) => HeldMemory) {
    this.#carrier = carrier;
    this.#map = map;
  }

  async bind(request: BindRequest): Promise<HeldMemory> {
    return this.#map(request, this.#carrier);
  }

  close(): void {}
}
