import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { DataType, load, open } from 'ffi-rs';
import { afterEach, expect, test } from 'vitest';
import { setTcpUserTimeout } from './index.ts';

const library = 'leasewire-libc-tcp-test';
open({ library, path: '' });

const [tcpLevel, userTimeoutOption] = [6, 18];
const opened: { destroy(): void }[] = [];
afterEach(() => {
  for (const each of opened.splice(0)) each.destroy();
});

async function connected(): Promise<Socket> {
  const server = createServer((peer) => opened.push(peer)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.push({ destroy: () => server.close() });
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  opened.push(socket);
  await once(socket, 'connect');
  return socket;
}

const descriptorOf = (socket: Socket): number =>
  (socket as Socket & { readonly _handle: { readonly fd: number } })._handle.fd;

/** As the kernel has it. */
function userTimeoutMs(descriptor: number): number {
  const [value, bytes] = [Buffer.alloc(4), Buffer.from([4, 0, 0, 0])];
  const status = load({
    library,
    funcName: 'getsockopt',
    retType: DataType.I32,
    paramsType: [DataType.I32, DataType.I32, DataType.I32, DataType.U8Array, DataType.U8Array],
    paramsValue: [descriptor, tcpLevel, userTimeoutOption, value, bytes],
  });
  expect(status).toBe(0);
  return value.readUInt32LE();
}

test('the kernel has the time that was set', async () => {
  const descriptor = descriptorOf(await connected());
  expect(userTimeoutMs(descriptor)).toBe(0);
  setTcpUserTimeout(descriptor, 20_000);
  expect(userTimeoutMs(descriptor)).toBe(20_000);
});

test('what is no TCP socket, or no time, is refused', async () => {
  const descriptor = descriptorOf(await connected());
  for (const timeoutMs of [-1, 0.5, Number.NaN, 2 ** 31]) {
    expect(() => setTcpUserTimeout(descriptor, timeoutMs)).toThrow(RangeError);
  }
  expect(() => setTcpUserTimeout(-1, 1000)).toThrow('descriptor -1');
  expect(() => setTcpUserTimeout(0, 1000)).toThrow('TCP_USER_TIMEOUT');
});
