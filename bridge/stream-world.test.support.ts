// What tests of streams begin with: a served lease with slots, and clients of it, on one machine or on others.
import { World } from '#sim';
import type { HeldLease } from './lease/held-lease.ts';
import type { HomeLease } from './lease/home-lease.ts';
import { RpcClient } from './rpc/client.ts';
import { RpcServer, type RpcServerOptions } from './rpc/server.ts';

export interface Attached {
  readonly held: HeldLease;
  readonly client: RpcClient;
  kill(): void;
  /** As SIGSTOP and SIGCONT do. */
  stop(): void;
  goOn(): void;
  /** Far: the control connection is lost, and the way with it. */
  cut(): void;
}

export interface StreamScene {
  readonly world: World;
  readonly lease: HomeLease;
  readonly server: RpcServer;
  /** A client in a process of its own, whose clock runs at `rate`. */
  attach(slots: number, rate?: number): Promise<Attached>;
}

export interface StreamSceneOptions extends RpcServerOptions {
  readonly far?: boolean;
  readonly seed?: number;
}

/** Sixteen slots of 300 bytes, unless the options say otherwise, in a lease of 64 KiB. */
export async function streamScene({ far = false, seed = 1, ...options }: StreamSceneOptions): Promise<StreamScene> {
  const world = new World(seed, { readMs: 0.0001 });
  const home = world.process({ far });
  const lease = home.agent.acquire({ minBytes: 65536, leaseMs: 60_000, hugePages: false });
  const server = new RpcServer(lease, { wait: 'event', slots: 16, slotPayloadBytes: 256, ...options });
  const address = far ? await world.clock.run(home.agent.listenNetwork({ host: 'node-1', port: 0 })) : undefined;
  const attach = async (slots: number, rate = 1) => {
    const process = world.process({ far, rate });
    const held = await world.clock.run(process.agent.attach(lease.id, { slots }, address));
    return {
      held,
      client: new RpcClient(held, { wait: 'event' }),
      kill: () => process.kill(),
      stop: () => process.freeze(),
      goOn: () => process.thaw(),
      cut: () => process.transport.breakAll(),
    };
  };
  return { world, lease, server, attach };
}
