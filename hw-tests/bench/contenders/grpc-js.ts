// A unary call of @grpc/grpc-js, here over a Unix socket. Messages are the payload's bytes as they are: no protobuf.
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  type ChannelOptions,
  type ClientUnaryCall,
  credentials,
  type handleUnaryCall,
  makeGenericClientConstructor,
  type requestCallback,
  Server,
  ServerCredentials,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import type { AwaitClient, Close, EchoPlane } from '../echo-plane.ts';

export const grpcJs: EchoPlane<AwaitClient> = {
  serve: (directory) => serveGrpc(address(directory)),
  connect: (directory) => connectGrpc(address(directory)),
};

const service: ServiceDefinition<{ echo: handleUnaryCall<Buffer, Buffer> }> = {
  echo: {
    path: '/bench.Echo/Echo',
    requestStream: false,
    responseStream: false,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  },
};

/** Clients of one process would share one connection to their server. */
const OWN_CONNECTION: ChannelOptions = { 'grpc.use_local_subchannel_pool': 1 };
const CONNECT_MS_MAX = 60_000;

const Client = makeGenericClientConstructor(service, 'bench.Echo');

const echo: handleUnaryCall<Buffer, Buffer> = (call, reply) => reply(null, call.request);

/** `target` as gRPC has it: `unix:PATH`, `HOST:PORT`. */
export async function serveGrpc(target: string): Promise<Close> {
  const server = new Server();
  server.addService(service, { echo });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(target, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    );
  });
  return async () => server.forceShutdown();
}

export async function connectGrpc(target: string): Promise<AwaitClient> {
  const client = new Client(target, credentials.createInsecure(), OWN_CONNECTION);
  await promisify(client.waitForReady.bind(client))(Date.now() + CONNECT_MS_MAX);
  const callEcho = (client['echo'] as Echo).bind(client);
  return {
    kind: 'await',
    call: (payload) =>
      new Promise((resolve, reject) => {
        callEcho(asBuffer(payload), (error, reply) => {
          if (error !== null) reject(error);
          else if (reply === undefined) reject(new Error('grpc-js: a reply without a message'));
          else resolve(reply);
        });
      }),
    close: async () => client.close(),
  };
}

type Echo = (payload: Buffer, onReply: requestCallback<Buffer>) => ClientUnaryCall;

function asIs(bytes: Buffer): Buffer {
  return bytes;
}

/** A view, not a copy: grpc-js copies the message into its frame. */
function asBuffer(payload: Uint8Array): Buffer {
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
}

function address(directory: string): string {
  return `unix:${join(directory, 'echo.sock')}`;
}
