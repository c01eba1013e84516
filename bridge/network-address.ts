// Where an agent is reached over the network: `host:port`, with IPv6 in brackets. One parser for environment variables,
// options, lease URLs and what peers say.
import { BlockList, isIP, isIPv4 } from 'node:net';

export interface NetworkAddress {
  /** A host name, or an IP address without brackets. */
  readonly host: string;
  /** 0 … 65535; 0 stands for any. */
  readonly port: number;
}

/** The longest host name that DNS knows. */
const hostNameLengthMax = 253;
/** `host:port` at its longest. */
export const networkAddressLengthMax: number = hostNameLengthMax + ':65535'.length;
const portMax = 65535;

/** The port of an address that is listened at may be left to the system; one that is connected to is known. */
export interface PortRule {
  readonly anyPort: boolean;
}

/** Reads `host:port`, `1.2.3.4:port` or `[IPv6]:port`. Throws TypeError, with the text, for anything else. */
export function parseNetworkAddress(text: string, { anyPort }: PortRule): NetworkAddress {
  const [, bracketed, bare, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  const isHost = bracketed === undefined ? bare !== undefined && isBareHost(bare) : isIP(bracketed) === 6;
  if (isHost && port <= portMax && (anyPort || port > 0)) return { host: bracketed ?? bare ?? '', port };
  const ports = `port ${anyPort ? 0 : 1} to ${portMax}`;
  throw new TypeError(`not an address (host:port or [IPv6]:port, ${ports}): ${JSON.stringify(text)}`);
}

export function isNetworkAddress(text: string): boolean {
  try {
    parseNetworkAddress(text, { anyPort: false });
    return true;
  } catch {
    return false;
  }
}

/** As parseNetworkAddress reads it. */
export function formatNetworkAddress({ host, port }: NetworkAddress): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether listening at that host means listening at every address of this machine: it leads nobody here. */
export function isWildcard(host: string): boolean {
  return contains(wildcards, host);
}

/** Whether an IP address leads to this very machine, without a network in between. */
export function isLoopback(ip: string): boolean {
  return contains(loopback, ip);
}

const wildcards = new BlockList();
wildcards.addAddress('0.0.0.0', 'ipv4');
wildcards.addAddress('::', 'ipv6');

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** A name is in no list of addresses. */
function contains(list: BlockList, host: string): boolean {
  const version = isIP(host);
  return version !== 0 && list.check(host, version === 6 ? 'ipv6' : 'ipv4');
}

const label = /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/;

/** An IPv4 address, or a name that cannot be taken for one: its last label is no number. */
function isBareHost(host: string): boolean {
  if (isIPv4(host)) return true;
  const labels = host.split('.');
  return (
    host.length <= hostNameLengthMax && labels.every((each) => label.test(each)) && !/^\d+$/.test(labels.at(-1) ?? '')
  );
}
