// As world.test.support.ts, between two machines: what leases, agents and calls do when the way from a holder to its
// home is lost and found again.
import type { ProcessOptions } from '#sim';
import { MemoryTcp, World } from '#sim';
import { decodeMessage, encodeMessage } from './control/codec.ts';
import { helloOf } from './control/message.test.support.ts';
import type { Message, Request, Response, ResponseBody } from './control/messages.ts';
import type { AgentId } from './lease/lease-id.ts';
import type { NetworkAddress } from './network-address.ts';
import { RpcServer } from './rpc/server.ts';
import type { HeldScene, SceneOptions } from './world.test.support.ts';

export interface FarScene extends HeldScene {
  readonly address: NetworkAddress;
}

export interface FarServedScene extends FarScene {
  readonly server: RpcServer;
}

function farProcesses({ seed = 1, readMs = 0, ...options }: SceneOptions) {
  const world = new World(seed, { readMs });
  const start = (clock: ProcessOptions | undefined) => world.process({ ...clock, far: true });
  return { world, home: start(options.home), holder: start(options.holder) };
}

/** A lease and its holder on another machine, which has no slot. */
export async function farScene(options: SceneOptions = {}): Promise<FarScene> {
  const { leaseMs = 60_000, minBytes = 65536 } = options;
  const { world, home, holder } = farProcesses(options);
  const lease = home.agent.acquire({ minBytes, leaseMs, hugePages: false });
  const address = await world.clock.run(home.agent.listenNetwork({ host: 'node-1', port: 0 }));
  const held = await world.clock.run(holder.agent.attach(lease.id, { slots: 0 }, address));
  return { world, home, holder, lease, held, address };
}

/** A lease with a server, which nothing polls yet, and its holder on another machine, with the slot. */
export async function farServedScene(options: SceneOptions = {}): Promise<FarServedScene> {
  const { leaseMs = 60_000, minBytes = 65536 } = options;
  const { world, home, holder } = farProcesses(options);
  const lease = home.agent.acquire({ minBytes, leaseMs, hugePages: false });
  const server = new RpcServer(lease, { wait: 'event' });
  const address = await world.clock.run(home.agent.listenNetwork({ host: 'node-1', port: 0 }));
  const held = await world.clock.run(holder.agent.attach(lease.id, { slots: 1 }, address));
  return { world, home, holder, lease, held, address, server };
}

/** How a way can be lost while both processes live. */
export const losses: Readonly<Record<string, (scene: FarScene) => void>> = {
  'the control connection fails': ({ holder }) => holder.transport.breakAll(),
  'the control connection fails, and the home does not notice': ({ holder }) => holder.transport.loseAll(),
  'the holder’s card fails': ({ holder }) => holder.card.breakAll(),
  'the home’s card fails': ({ home }) => home.card.breakAll(),
};

/** No connection is made from here on, and no message gets through. */
export function shut({ world }: FarScene): void {
  world.network.reaches = () => false;
  world.fabric.loses = () => true;
}

/** Undoes shut(). */
export function open({ world }: FarScene): void {
  world.network.reaches = () => true;
  world.fabric.loses = () => false;
}

/** Loses the way, which stays lost until open(); the home has noticed, and the holder too. */
export async function cut(scene: FarScene): Promise<void> {
  shut(scene);
  scene.holder.transport.breakAll();
  await scene.world.clock.settle();
}

/** A home in the hands of the test, at an address where nobody listens any more. It refuses every attach, as it is told. */
export class RefusingHome {
  readonly heard: Message[] = [];

  constructor({ world, address }: FarScene, agent: AgentId, refusal: Extract<ResponseBody, { type: 'refused' }>) {
    const tcp = new MemoryTcp(world.network, world.network.transport(world.clock));
    void tcp.listen(address, (carrier) => {
      const say = (message: Message) => carrier.send(encodeMessage(message), []);
      const hear = (message: Message) => {
        if (message.type === 'hello') return;
        this.heard.push(message);
        say({ ...refusal, seq: (message as Request).seq } as Response);
      };
      carrier.open({ onMessage: (bytes) => hear(decodeMessage(bytes)), onClose: () => undefined });
      say(helloOf(agent));
    });
  }
}
