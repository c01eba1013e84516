// What most tests of leases, agents and calls begin with: a home with a lease, and a holder of it, in a simulation.
import { type Process, type ProcessClockOptions, World } from '#sim';
import type { HeldLease } from './lease/held-lease.ts';
import type { HomeLease } from './lease/home-lease.ts';
import type { RpcHandler } from './rpc/rpc-handler.ts';
import { RpcServer, type RpcServerOptions } from './rpc/server.ts';

export interface Scene {
  readonly world: World;
  readonly home: Process;
  readonly lease: HomeLease;
}

export interface HeldScene extends Scene {
  readonly holder: Process;
  readonly held: HeldLease;
}

export interface SceneOptions {
  readonly leaseMs?: number;
  readonly minBytes?: number;
  readonly seed?: number;
  readonly home?: ProcessClockOptions;
  readonly holder?: ProcessClockOptions;
  /** What a look at the clock costs; 0 for exact times, where nothing spins. */
  readonly readMs?: number;
}

export function granted(options: SceneOptions = {}): Scene {
  const { leaseMs = 60_000, minBytes = 65536, seed = 1 } = options;
  const world = new World(seed, { readMs: options.readMs ?? 0 });
  const home = world.process(options.home);
  const lease = home.agent.acquire({ minBytes, leaseMs, hugePages: false });
  return { world, home, lease };
}

/** A scene with a holder, which has no slot. */
export async function heldScene(options: SceneOptions = {}): Promise<HeldScene> {
  const scene = granted(options);
  const holder = scene.world.process(options.holder);
  const held = await scene.world.clock.run(holder.agent.attach(scene.lease.id, { slots: 0 }));
  return { ...scene, holder, held };
}

export interface ServedScene extends HeldScene {
  readonly server: RpcServer;
}

/** A scene with a server, which nothing polls yet, and a holder with its slot. */
export async function servedScene(options: SceneOptions & RpcServerOptions = {}): Promise<ServedScene> {
  const scene = granted(options);
  const { wait = 'event' } = options;
  const server = new RpcServer(scene.lease, { wait });
  const holder = scene.world.process(options.holder);
  const held = await scene.world.clock.run(holder.agent.attach(scene.lease.id, { slots: 1 }));
  return { ...scene, server, holder, held };
}

/** Serves until the lease ends or the test does. */
export function serving(server: RpcServer, handler: RpcHandler | RpcHandler['handle']): void {
  const served = typeof handler === 'function' ? { handle: handler } : handler;
  server.serve(served).catch(() => undefined);
}

/** Lets what was promised fail later, without a rejection that nobody handles meanwhile. */
export function outcome<T>(promise: Promise<T>): Promise<PromiseSettledResult<T>> {
  return Promise.allSettled([promise]).then(([settled]) => settled as PromiseSettledResult<T>);
}
