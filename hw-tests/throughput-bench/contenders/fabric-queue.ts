// leasewire's FabricQueue: items copied in and out in msgpack, and bytes written and read where they lie. The consumer is
// at home; the producer finds the lease's URL in a file.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FabricQueue, MemBuilder, type MemLease } from '#sdk';
import { keepInside } from '../../bench/contenders/leasewire.ts';
import { QUEUE_MESSAGES } from '../effort.ts';
import type { Consumer, NextMessage, Producer, QueuePlane, TakeMessage } from '../queue-plane.ts';

const LEASE_SECS = 3600;

type Bytes = FabricQueue<Uint8Array>;

export const fabricQueueCopied: QueuePlane = {
  open: (directory, bytes) => open(directory, bytes, takeCopied),
  join: (directory) => joinQueue(directory, giveCopied),
};

export const fabricQueueInPlace: QueuePlane = {
  open: (directory, bytes) => open(directory, bytes, takeInPlace),
  join: (directory) => joinQueue(directory, giveInPlace),
};

async function open(
  directory: string,
  bytes: number,
  take: (queue: Bytes, onMessage: TakeMessage) => Promise<void>,
): Promise<Consumer> {
  keepInside(directory);
  // A length, what msgpack says before binary, the message.
  const stride = 4 * Math.ceil((4 + 5 + bytes) / 4);
  const capacity = QUEUE_MESSAGES + 1; // one is always free
  const minBytes = 32 + capacity * stride + 16;
  const lease = await new MemBuilder().minBytes(minBytes).leaseSecs(LEASE_SECS).acquire();
  const queue = FabricQueue.create<Uint8Array>(lease, { capacity, stride });
  writeFileSync(urlFile(directory), lease.url);
  return { take: (onMessage) => take(queue, onMessage), close: () => lease.release() };
}

async function joinQueue(
  directory: string,
  give: (queue: Bytes, next: NextMessage) => Promise<void>,
): Promise<Producer> {
  keepInside(directory);
  const lease: MemLease = await MemBuilder.attach(readFileSync(urlFile(directory), 'utf8'));
  const queue = await FabricQueue.attach<Uint8Array>(lease);
  return { give: (next) => give(queue, next), close: () => lease.release() };
}

async function takeCopied(queue: Bytes, onMessage: TakeMessage): Promise<void> {
  while (await queue.ready()) {
    for (let message = queue.pop(); message !== undefined; message = queue.pop()) {
      if (!onMessage(message)) return;
    }
  }
}

async function giveCopied(queue: Bytes, next: NextMessage): Promise<void> {
  for (let message = next(); message !== undefined; message = next()) {
    while (!queue.push(message)) await queue.room();
  }
}

async function takeInPlace(queue: Bytes, onMessage: TakeMessage): Promise<void> {
  while (await queue.ready()) {
    for (let message = queue.peek(); message !== undefined; message = queue.peek()) {
      const isWanted = onMessage(message);
      queue.release();
      if (!isWanted) return;
    }
  }
}

async function giveInPlace(queue: Bytes, next: NextMessage): Promise<void> {
  for (let message = next(); message !== undefined; message = next()) {
    let place = queue.reserve();
    while (place === undefined) {
      await queue.room();
      place = queue.reserve();
    }
    place.set(message);
    queue.commit(message.length);
  }
}

function urlFile(directory: string): string {
  return join(directory, 'lease-url');
}
