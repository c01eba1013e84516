// What tests of queues begin with: a queue at its home and at a holder, on one machine or on two, and an independent reader.
import { farScene } from '../far-world.test.support.ts';
import type { HeldLease } from '../lease/held-lease.ts';
import type { HomeLease } from '../lease/home-lease.ts';
import type { NetworkAddress } from '../network-address.ts';
import { granted, type Scene, type SceneOptions } from '../world.test.support.ts';
import { attachQueue, createQueue, type QueueShape } from './open-queue.ts';
import { Queue, type QueueOptions } from './queue.ts';

export type Distance = 'near' | 'far';
export const distances: readonly Distance[] = ['near', 'far'];

export interface QueueScene extends Scene {
  readonly address: NetworkAddress | undefined;
  readonly atHome: Queue<unknown>;
}

export interface HeldQueue {
  readonly holder: ReturnType<QueueScene['world']['process']>;
  readonly held: HeldLease;
  readonly queue: Queue<unknown>;
}

export type QueueSceneOptions = SceneOptions & QueueOptions & Partial<QueueShape>;

/** A queue at its home, of 8 slots of 64 bytes unless said. */
export async function queueScene(where: Distance, options: QueueSceneOptions = {}): Promise<QueueScene> {
  const { capacity = 8, stride = 64, wait = 'event' } = options;
  const scene = where === 'near' ? { ...granted(options), address: undefined } : await farScene(options);
  const atHome = new Queue(createQueue(scene.lease, { capacity, stride }), { wait });
  return { ...scene, atHome };
}

/** Its other end, in a process of its own. */
export async function holdQueue(scene: QueueScene, options: QueueOptions = {}): Promise<HeldQueue> {
  const { world, lease, address } = scene;
  const holder = world.process({ far: address !== undefined });
  const held = await world.clock.run(holder.agent.attach(lease.id, { slots: 1 }, address));
  const queue = new Queue(await world.clock.run(attachQueue(held)), { wait: 'event', ...options });
  return { holder, held, queue };
}

/** The ring as a program in another language would read it: by the documented layout alone. */
export function readRing({ window }: Pick<HomeLease, 'window'>): {
  head: number;
  tail: number;
  capacity: number;
  stride: number;
  items: Uint8Array[];
} {
  const { arena } = window;
  const view = new DataView(arena.buffer, arena.byteOffset, arena.length);
  const [head = 0, tail = 0, capacity = 0, stride = 0] = [0, 8, 16, 24].map((at) =>
    Number(view.getBigUint64(at, true)),
  );
  const items: Uint8Array[] = [];
  for (let index = head; index !== tail; index = (index + 1) % capacity) {
    const slot = 32 + index * stride;
    items.push(arena.slice(slot + 4, slot + 4 + view.getUint32(slot, true)));
  }
  return { head, tail, capacity, stride, items };
}
