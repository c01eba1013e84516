// What a server and its clients hold of the machine's memory, by /proc/PID/smaps_rollup.
import { readFileSync } from 'node:fs';

export interface Footprint {
  /** Of the server alone: anonymous memory, its heap above all. */
  readonly serverBytes: number;
  /** Of the clients' processes together, likewise. */
  readonly clientBytes: number;
  /** Shared memory that any of them has touched, each page once. */
  readonly sharedBytes: number;
}

/** The memory of some processes must be all who map it: a page's share is one over those who do. */
export function footprintOf(server: number | undefined, clients: readonly (number | undefined)[]): Footprint {
  const own = (pid: number | undefined) => parseRollup(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
  const ofServer = own(server);
  const ofClients = clients.map(own);
  return {
    serverBytes: ofServer.privateBytes,
    clientBytes: ofClients.reduce((total, each) => total + each.privateBytes, 0),
    sharedBytes: ofClients.reduce((total, each) => total + each.sharedBytes, ofServer.sharedBytes),
  };
}

/**
 * Proportional shares of anonymous and of shared memory, memfd among it. Files are left out: their share changes with
 * whoever else runs Node.
 */
export function parseRollup(rollup: string): { readonly privateBytes: number; readonly sharedBytes: number } {
  const bytesOf = (key: string) => {
    const found = new RegExp(`^${key}: +(\\d+) kB$`, 'm').exec(rollup)?.[1];
    if (found === undefined) throw new Error(`smaps_rollup has no ${key}`);
    return Number(found) * 1024;
  };
  return { privateBytes: bytesOf('Pss_Anon'), sharedBytes: bytesOf('Pss_Shmem') };
}
