// What the environment says about the network: where this process listens, how others reach it, whom it asks for
// services, and whether plain connections may leave the machine.
import { isWildcard, type NetworkAddress, parseNetworkAddress } from '../network-address.ts';

export interface NetworkSettings {
  /** `LEASEWIRE_LISTEN`; port 0 takes any. */
  readonly listen: NetworkAddress | undefined;
  /** `LEASEWIRE_ADVERTISE`; port 0 stands for the one that is listened at. */
  readonly advertise: NetworkAddress | undefined;
  /** `LEASEWIRE_PEERS`, separated by commas. */
  readonly peers: readonly NetworkAddress[];
  /** `LEASEWIRE_INSECURE=1`. */
  readonly insecure: boolean;
}

/** Throws TypeError, which names the variable, for a value that makes no sense. Empty is as good as not set. */
export function networkSettings(env: NodeJS.ProcessEnv = process.env): NetworkSettings {
  const read = <T>(name: string, none: T, parse: (text: string) => T) => readVariable(env, name, none, parse);
  return {
    listen: read('LEASEWIRE_LISTEN', undefined, parseListened),
    advertise: read('LEASEWIRE_ADVERTISE', undefined, parseAdvertised),
    peers: read('LEASEWIRE_PEERS', [], (text) => parsePeers(text.split(','))),
    insecure: read('LEASEWIRE_INSECURE', false, parseSwitch),
  };
}

/** Throws TypeError for what is no address that can be connected to. */
export function parsePeers(texts: readonly string[]): NetworkAddress[] {
  return texts.map((text) => parseNetworkAddress(text.trim(), { anyPort: false }));
}

function readVariable<T>(env: NodeJS.ProcessEnv, name: string, none: T, parse: (text: string) => T): T {
  const text = env[name];
  if (text === undefined || text === '') return none;
  try {
    return parse(text);
  } catch (cause) {
    throw new TypeError(`${name}=${text}: ${(cause as Error).message}`, { cause });
  }
}

function parseListened(text: string): NetworkAddress {
  return parseNetworkAddress(text, { anyPort: true });
}

function parseAdvertised(text: string): NetworkAddress {
  const address = parseNetworkAddress(text, { anyPort: true });
  if (isWildcard(address.host)) throw new TypeError(`${address.host} leads others to themselves, not here`);
  return address;
}

function parseSwitch(text: string): boolean {
  if (text === '1') return true;
  if (text === '0') return false;
  throw new TypeError('neither 0 nor 1');
}
