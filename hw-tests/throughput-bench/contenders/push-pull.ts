// zeromq.js over ipc://, Push and Pull. A message that was sent is ZeroMQ's until it is on its way, so each has memory
// of its own.
import { join } from 'node:path';
import { Pull, Push } from 'zeromq';
import { QUEUE_MESSAGES } from '../effort.ts';
import type { Consumer, Producer, QueuePlane } from '../queue-plane.ts';

export const pushPull: QueuePlane = { open, join: joinQueue };

async function open(directory: string): Promise<Consumer> {
  const socket = new Pull({ receiveHighWaterMark: QUEUE_MESSAGES });
  await socket.bind(address(directory));
  return {
    take: async (onMessage) => {
      for (;;) {
        const [message] = await socket.receive();
        if (message === undefined) throw new Error('zeromq: a message without frames');
        if (!onMessage(message)) return;
      }
    },
    close: async () => socket.close(),
  };
}

async function joinQueue(directory: string): Promise<Producer> {
  const socket = new Push({ sendHighWaterMark: QUEUE_MESSAGES });
  socket.connect(address(directory));
  return {
    give: async (next) => {
      for (let message = next(); message !== undefined; message = next()) await socket.send(Buffer.from(message));
    },
    close: async () => socket.close(),
  };
}

function address(directory: string): string {
  return `ipc://${join(directory, 'queue.ipc')}`;
}
