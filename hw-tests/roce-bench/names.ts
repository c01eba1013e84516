// What the bench over RDMA measures, by the names that its reports have.

/** From perftest: what the card and its driver can do, in C. */
export const perftestNames = ['ib_write_lat', 'ib_read_lat', 'ib_write_bw'] as const;

/** Each a client process of its own on node b, which calls what a server process on node a offers. */
export const clientNames = [
  'leasewire-rpc',
  'leasewire-rpc-sync',
  'leasewire-read',
  'leasewire-write',
  'leasewire-fetch-add',
  'leasewire-bulk-write',
  'tcp-echo',
  'grpc-js',
] as const;

/** In the order in which reports list them. */
export const benchNames: readonly BenchName[] = [...perftestNames, ...clientNames];

export type PerftestName = (typeof perftestNames)[number];
export type ClientName = (typeof clientNames)[number];
export type BenchName = PerftestName | ClientName;

/** Those on a lease's bytes, with no code at home on the way; the others echo. */
export type MemoryName = Extract<ClientName, `leasewire-${'read' | 'write' | 'fetch-add' | 'bulk-write'}`>;
export type EchoName = Exclude<ClientName, MemoryName>;

/** A server process on node a. All on a lease's bytes share one. */
export type ServerName = EchoName | 'leasewire-memory';

export function serverOf(name: ClientName): ServerName {
  return isMemoryName(name) ? 'leasewire-memory' : name;
}

export function isServerName(text: string): text is ServerName {
  return text === 'leasewire-memory' || (isClientName(text) && !isMemoryName(text));
}

export function isBenchName(text: string): text is BenchName {
  return benchNames.some((name) => name === text);
}

export function isPerftestName(name: BenchName): name is PerftestName {
  return perftestNames.some((each) => each === name);
}

export function isClientName(text: string): text is ClientName {
  return clientNames.some((name) => name === text);
}

export function isMemoryName(name: ClientName): name is MemoryName {
  return ['leasewire-read', 'leasewire-write', 'leasewire-fetch-add', 'leasewire-bulk-write'].includes(name);
}

/** Those whose figure is a rate, of 1 MiB writes. */
export function isBandwidth(name: BenchName): boolean {
  return name === 'ib_write_bw' || name === 'leasewire-bulk-write';
}
