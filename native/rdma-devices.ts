// Which RDMA devices there are. A cold look-up: to choose a device, port and GID for a VerbsContext.
import { execFileSync } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deserialize } from 'node:v8';
import { isMainThread } from 'node:worker_threads';
import { loadFfi } from './ffi.ts';
import { lookUpRdmaDevices } from './rdma-device-look-up.ts';

export interface RdmaGid {
  readonly index: number;
  /** 16 bytes. */
  readonly gid: Uint8Array;
  readonly type: 'ib' | 'roce-v1' | 'roce-v2';
  /** If it stands for an IPv4 address. */
  readonly ipv4?: string;
  /** The network interface that it belongs to, if any. */
  readonly netdev?: string;
}

export interface RdmaPort {
  /** Counted from 1. */
  readonly port: number;
  readonly state: 'down' | 'init' | 'armed' | 'active' | 'active-defer' | 'unknown';
  readonly activeMtuBytes: number;
  readonly linkLayer: 'infiniband' | 'ethernet' | 'unspecified';
  /** Those that are set. */
  readonly gids: readonly RdmaGid[];
}

export interface RdmaDevice {
  readonly name: string;
  readonly ports: readonly RdmaPort[];
}

/**
 * The devices of this machine and their ports, asked anew; none where libibverbs is not installed. In a worker thread it
 * takes as long as a process takes to start.
 */
export function listRdmaDevices(): RdmaDevice[] {
  return isMainThread ? lookUpRdmaDevices(loadFfi()) : listInAnotherProcess();
}

/** On the main thread of that process, in the environment of this one, but for options that are meant for this one's Node. */
function listInAnotherProcess(): RdmaDevice[] {
  const program = fileURLToPath(new URL(`./list-rdma-devices${extname(import.meta.url)}`, import.meta.url));
  const env = { ...process.env, NODE_OPTIONS: '' };
  return deserialize(execFileSync(process.execPath, [program], { cwd: '/', env, maxBuffer: Infinity })) as RdmaDevice[];
}
