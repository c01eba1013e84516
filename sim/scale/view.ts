// Which homes a node knows: by watching the service, or because it was told of them, as by lease URLs in its settings.
import { type FabricDns, type LeaseId, type NetworkAddress, parseNetworkAddress, type ServiceRecord } from '#bridge';

/** A home that grants leases, and the lease that its server is called through. */
export interface Offer {
  readonly agent: string;
  readonly lease: LeaseId;
  readonly address: NetworkAddress;
}

export function offerOf({ agent, lease, network = '' }: ServiceRecord): Offer {
  return { agent, lease, address: parseNetworkAddress(network, { anyPort: false }) };
}

export class View {
  readonly #offers = new Map<string, Offer>();
  readonly #nowMs: () => number;
  readonly #onChange: () => void;
  readonly #ending = new AbortController();
  #changedAtMs = 0;
  #watches = false;

  /** `onChange` is called when a home has come. */
  constructor(nowMs: () => number, onChange: () => void) {
    this.#nowMs = nowMs;
    this.#onChange = onChange;
  }

  get offers(): readonly Offer[] {
    return [...this.#offers.values()];
  }

  get watches(): boolean {
    return this.#watches;
  }

  get changedAtMs(): number {
    return this.#changedAtMs;
  }

  /** Whether these are the instances that it knows. */
  isExactly(leases: ReadonlySet<string>): boolean {
    return this.#offers.size === leases.size && [...this.#offers.keys()].every((each) => leases.has(each));
  }

  tell(offers: readonly Offer[]): void {
    for (const offer of offers) this.#offers.set(offer.lease, offer);
    this.#onChange();
  }

  /** Knows no home until it has found one. */
  async watch(dns: FabricDns, service: string): Promise<void> {
    this.#watches = true;
    this.#offers.clear();
    for await (const { type, instance } of dns.watch(service, this.#ending.signal)) {
      this.#changedAtMs = this.#nowMs();
      if (type === 'down') this.#offers.delete(instance.lease);
      else this.tell([offerOf(instance)]);
    }
  }

  close(): void {
    this.#ending.abort();
  }
}
