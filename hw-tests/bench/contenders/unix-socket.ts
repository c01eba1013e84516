// Raw bytes over a Unix socket: no frame at all, so the least a socket can do. The client knows how many bytes
// it sent and waits for as many.
import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { AsyncCall, Close, EchoClient, EchoPlane } from '../echo-plane.ts';

export const unixSocket: EchoPlane = { serve, connect };

async function serve(directory: string): Promise<Close> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('data', (chunk) => socket.write(chunk));
    socket.on('error', () => socket.destroy());
  });
  server.listen(socketPath(directory));
  await once(server, 'listening');
  return async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
}

async function connect(directory: string): Promise<EchoClient> {
  const socket = createConnection(socketPath(directory));
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
  socket.on('close', () => reject(new Error('unix-socket: the server closed the connection')));
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
