// Raw bytes over a socket, here a Unix one: no frame at all, so the least a socket can do. The client knows how many bytes
// it sent and waits for as many.
import { once } from 'node:events';
import { createConnection, createServer, type ListenOptions, type NetConnectOpts, type Socket } from 'node:net';
import { join } from 'node:path';
import type { AsyncCall, Close, EchoClient, EchoPlane } from '../echo-plane.ts';

export const unixSocket: EchoPlane = {
  serve: (directory) => serveSocket({ path: socketPath(directory) }),
  connect: (directory) => connectSocket({ path: socketPath(directory) }),
};

export async function serveSocket(where: ListenOptions): Promise<Close> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('data', (chunk) => socket.write(chunk));
    socket.on('error', () => socket.destroy());
  });
  server.listen(where);
  await once(server, 'listening');
  return async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
}

/** Over TCP, `where` should say `noDelay`. */
export async function connectSocket(where: NetConnectOpts): Promise<EchoClient> {
  const socket = createConnection(where);
  await once(socket, 'connect');
  return {
    kind: 'await',
    call: echoCall(socket),
    close: async () => {
      socket.destroy();
    },
  };
}

/** One call at a time: the reply is complete with as many bytes as were sent. */
function echoCall(socket: Socket): AsyncCall {
  let bytesExpected = 0;
  let bytesReceived = 0;
  let chunks: Uint8Array[] = [];
  let resolve: (reply: Uint8Array) => void = () => {};
  let reject: (error: Error) => void = () => {};
  socket.on('data', (chunk) => {
    bytesReceived += chunk.length;
    if (bytesReceived < bytesExpected) {
      chunks.push(chunk);
    } else if (chunks.length === 0) {
      resolve(chunk);
    } else {
      resolve(Buffer.concat([...chunks, chunk]));
    }
  });
  socket.on('error', (error) => reject(error));
  socket.on('close', () => reject(new Error('socket: the server closed the connection')));
  return (payload) =>
    new Promise((onReply, onError) => {
      bytesExpected = payload.length;
      bytesReceived = 0;
      chunks = [];
      resolve = onReply;
      reject = onError;
      socket.write(payload);
    });
}

function socketPath(directory: string): string {
  return join(directory, 'echo.sock');
}
