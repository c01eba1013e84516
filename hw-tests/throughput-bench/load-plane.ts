// A way to echo bytes between one server and many clients, each with several calls in flight. server.ts serves it,
// client.ts loads it. Loaded lazily: no process holds another contender's code.
import type { AwaitClient, Close } from '../bench/echo-plane.ts';
import type { LoadName } from './names.ts';

/** What a server is asked to have room for. */
export interface Room {
  readonly clients: number;
  readonly inFlight: number;
  readonly bytes: number;
}

export interface LoadPlane {
  /** Serves until closed. `directory` is private to this server and its clients. */
  serve(directory: string, room: Room): Promise<Close>;
  /** One more client, with a connection or attachment of its own, wherever the process has others. */
  connect(directory: string, inFlight: number): Promise<AwaitClient>;
}

/** What a contender can do at all: cells beyond are not measured. */
export interface Limits {
  readonly clients: number;
  readonly inFlight: number;
  /** For the report. */
  readonly reason: string;
}

interface Entry {
  readonly limits?: Limits;
  readonly load: () => Promise<LoadPlane>;
}

const entries: Readonly<Record<LoadName, Entry>> = {
  leasewire: {
    load: async () => (await import('./contenders/leasewire-slots.ts')).leasewireSlots,
  },
  'grpc-js': { load: async () => (await import('../bench/contenders/grpc-js.ts')).grpcJs },
  zeromq: { load: async () => (await import('./contenders/dealer-router.ts')).dealerRouter },
};

export function limitsOf(name: LoadName): Limits | undefined {
  return entries[name].limits;
}

export function loadPlane(name: LoadName): Promise<LoadPlane> {
  return entries[name].load();
}
