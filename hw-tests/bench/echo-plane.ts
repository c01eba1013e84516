// A way to echo bytes between two processes. Each contender's file makes one; server.ts serves it, client.ts
// calls it. Loaded lazily: no process holds another contender's code.
import type { NodeContenderName } from './names.ts';

export type SyncCall = (payload: Uint8Array) => Uint8Array;
export type AsyncCall = (payload: Uint8Array) => Promise<Uint8Array>;

/** Closes what a plane opened. */
export type Close = () => Promise<void>;

export interface AwaitClient {
  readonly kind: 'await';
  readonly call: AsyncCall;
  readonly close: Close;
}

export type EchoClient = AwaitClient | { readonly kind: 'sync'; readonly call: SyncCall; readonly close: Close };

export interface EchoPlane<Client extends EchoClient = EchoClient> {
  /** Serves until closed. `directory` is private to this pair of processes. */
  serve(directory: string): Promise<Close>;
  connect(directory: string): Promise<Client>;
}

const loaders: Readonly<Record<NodeContenderName, () => Promise<EchoPlane>>> = {
  'leasewire-sync': async () => (await import('./contenders/leasewire.ts')).leasewireSync,
  'leasewire-await': async () => (await import('./contenders/leasewire.ts')).leasewireAwait,
  'leasewire-typed': async () => (await import('./contenders/leasewire.ts')).leasewireTyped,
  'unix-socket': async () => (await import('./contenders/unix-socket.ts')).unixSocket,
  zeromq: async () => (await import('./contenders/zeromq.ts')).zeromq,
  'grpc-js': async () => (await import('./contenders/grpc-js.ts')).grpcJs,
};

export function loadEchoPlane(name: NodeContenderName): Promise<EchoPlane> {
  return loaders[name]();
}
