// Services of other machines: each peer is asked what its node offers, all at once, and then the agents of what it named
// what they offer now. A peer that does not answer keeps nobody waiting for long, and takes nothing away that is known.
import type { Agent } from '../agent/agent.ts';
import { FabricError } from '../errors.ts';
import { peerAnswerMs } from '../limits.ts';
import { formatNetworkAddress, type NetworkAddress, parseNetworkAddress } from '../network-address.ts';
import { within } from '../time-limit.ts';
import type { ServiceRecord } from './service-record.ts';
import { byLoad, type FoundService, type PeersView } from './service-view.ts';

export class Peers {
  readonly #agent: Agent;
  readonly #addresses: readonly NetworkAddress[];

  constructor(agent: Agent, addresses: readonly NetworkAddress[]) {
    this.#agent = agent;
    this.#addresses = addresses;
  }

  get some(): boolean {
    return this.#addresses.length > 0;
  }

  /** The living instances of a service that peers know, but for those that are `known` already, each once. */
  async resolve(service: string, known: ReadonlySet<string>): Promise<PeersView> {
    const silent = new Map<string, FabricError>();
    const seen = new Set(known);
    const ask = async (address: NetworkAddress) => {
      const peer = formatNetworkAddress(address);
      try {
        const records = await this.#ask(service, address, peer);
        return await this.#describeAll(records, peer, seen);
      } catch (error) {
        silent.set(peer, FabricError.from(error));
        return [];
      }
    };
    const found = await Promise.all(this.#addresses.map(ask));
    return { found: found.flat().sort(byLoad), silent };
  }

  async #ask(service: string, address: NetworkAddress, peer: string): Promise<readonly ServiceRecord[]> {
    const asked = this.#agent.resolve(service, address);
    const records = await within(this.#agent.clock, peerAnswerMs, `an answer of ${peer}`, asked);
    return records.filter((record) => record.service === service);
  }

  async #describeAll(records: readonly ServiceRecord[], peer: string, seen: Set<string>): Promise<FoundService[]> {
    const fresh = records.filter(({ instance }) => isFirst(seen, instance));
    const described = await Promise.all(fresh.map((record) => this.#describe(record, peer)));
    return described.filter((each) => each !== undefined);
  }

  /** Undefined for what is gone, does not answer, or says nothing of where it is. */
  async #describe(record: ServiceRecord, peer: string): Promise<FoundService | undefined> {
    if (record.network === undefined) return undefined;
    const address = parseNetworkAddress(record.network, { anyPort: false });
    try {
      const asked = this.#agent.describe(record.lease, address);
      const answer = await within(this.#agent.clock, peerAnswerMs, `a description by ${record.network}`, asked);
      const { layout, freeSlots, remainingMs } = answer;
      // Where it is on its own machine is of no use here, whatever was said.
      const instance = { ...record, address: record.network, layout: layout.name, freeSlots, remainingMs };
      return { instance, address, peer };
    } catch {
      return undefined;
    }
  }
}

/** Notes it, too. */
function isFirst(seen: Set<string>, instance: string): boolean {
  const { size } = seen;
  return seen.add(instance).size > size;
}
