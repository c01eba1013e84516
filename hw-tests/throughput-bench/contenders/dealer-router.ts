// zeromq.js over ipc://, Dealer and Router: what ZeroMQ has for more than one request in flight. A Dealer has one peer,
// which answers in order, so replies need no number.
import { join } from 'node:path';
import { Dealer, Router } from 'zeromq';
import type { AwaitClient, Close } from '../../bench/echo-plane.ts';
import type { LoadPlane } from '../load-plane.ts';

/** No limit: what is in flight is limited by the bench, and a Router drops what exceeds it. */
const UNLIMITED = { sendHighWaterMark: 0, receiveHighWaterMark: 0 } as const;

export const dealerRouter: LoadPlane = { serve, connect };

interface Waiter {
  readonly resolve: (reply: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

async function serve(directory: string): Promise<Close> {
  const socket = new Router(UNLIMITED);
  await socket.bind(address(directory));
  const echoing = echo(socket);
  return async () => {
    socket.close();
    await echoing;
  };
}

/** Ends when the socket is closed. The first frame names the peer. */
async function echo(socket: Router): Promise<void> {
  for await (const frames of socket) await socket.send(frames);
}

async function connect(directory: string): Promise<AwaitClient> {
  const socket = new Dealer(UNLIMITED);
  socket.connect(address(directory));
  const waiting: Waiter[] = [];
  const receiving = receive(socket, waiting);
  return {
    kind: 'await',
    call: (payload) =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        socket.send(payload).catch(reject);
      }),
    close: async () => {
      socket.close();
      await receiving;
    },
  };
}

/** Ends when the socket is closed. */
async function receive(socket: Dealer, waiting: Waiter[]): Promise<void> {
  for await (const [reply] of socket) {
    const waiter = waiting.shift();
    if (reply === undefined) waiter?.reject(new Error('zeromq: a reply without frames'));
    else waiter?.resolve(reply);
  }
}

function address(directory: string): string {
  return `ipc://${join(directory, 'echo.ipc')}`;
}
