// What a process holds of the kinds that leasewire makes, as /proc tells it. For this process or any other of this user.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface Resources {
  readonly memfds: number;
  readonly eventfds: number;
  readonly sockets: number;
  /** Mappings of leases. */
  readonly mappings: number;
}

export function resourcesOf(pid: number | 'self'): Resources {
  const links = descriptorLinks(pid);
  const count = (part: string) => links.filter((link) => link.includes(part)).length;
  return {
    memfds: count('/memfd:leasewire'),
    // libuv has one of its own for each event loop: it is there before and after.
    eventfds: count('[eventfd]'),
    sockets: count('socket:'),
    mappings: readFileSync(`/proc/${pid}/maps`, 'utf8').split('/memfd:leasewire').length - 1,
  };
}

/** Resident bytes. */
export function residentBytes(pid: number | 'self'): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) * 1024;
}

function descriptorLinks(pid: number | 'self'): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).map((fd) => {
    try {
      return readlinkSync(`${folder}/${fd}`);
    } catch {
      return ''; // Closed meanwhile, such as that of the listing itself.
    }
  });
}
