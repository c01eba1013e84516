// What the public classes ask of the process that they are used in. That is the process's own agent, with the planes of
// this machine, where `leasewire` was imported; `leasewire/testing` puts another in its place.
import { type Agent, invariant, type NetworkAddress, type Registry } from '#bridge';

/** For whoever looks beneath the public classes, as the simulator does. */
export { coreOf } from './mem-lease.ts';

export interface Fabric {
  /** This process's agent. Throws what stands in the way of making one. */
  agent(): Agent;
  /** As agent(), listening on the network where that was asked for. */
  homeAgent(): Promise<Agent>;
  /** Where services are published: in `directory`, or where this process keeps them. */
  registry(directory: string | undefined): Registry;
  /** The agents of other machines that are asked for services, unless somebody names others. */
  peers(): readonly NetworkAddress[];
}

let own: Fabric | undefined;
let instead: (() => Fabric) | undefined;

/** The fabric of whoever asks. */
export function fabricHere(): Fabric {
  const fabric = instead?.() ?? own;
  invariant(fabric !== undefined, 'leasewire or leasewire/testing is imported before its classes are used');
  return fabric;
}

/** From now on this is what classes use, unless it is replaced. */
export function useFabric(fabric: Fabric): void {
  own = fabric;
}

/** From now on, whatever is used otherwise, `find` says what classes use. */
export function replaceFabric(find: () => Fabric): void {
  instead = find;
}
