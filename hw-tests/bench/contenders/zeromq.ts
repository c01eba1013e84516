// zeromq.js over ipc://, Request and Reply: in interleaved runs Dealer and Router were no faster.
import { join } from 'node:path';
import { Reply, Request } from 'zeromq';
import type { Close, EchoClient, EchoPlane } from '../echo-plane.ts';

export const zeromq: EchoPlane = { serve, connect };

async function serve(directory: string): Promise<Close> {
  const socket = new Reply();
  await socket.bind(address(directory));
  const echoing = echo(socket);
  return async () => {
    socket.close();
    await echoing;
  };
}

/** Ends when the socket is closed. */
async function echo(socket: Reply): Promise<void> {
  for await (const message of socket) await socket.send(message);
}

async function connect(directory: string): Promise<EchoClient> {
  const socket = new Request();
  socket.connect(address(directory));
  return {
    kind: 'await',
    call: async (payload) => {
      await socket.send(payload);
      const [reply] = await socket.receive();
      if (reply === undefined) throw new Error('zeromq: a reply without frames');
      return reply;
    },
    close: async () => {
      socket.close();
    },
  };
}

function address(directory: string): string {
  return `ipc://${join(directory, 'echo.ipc')}`;
}
