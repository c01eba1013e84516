// What Node leaves out of TCP sockets, asked of libc through ffi-rs: once for a connection.
import { isMainThread } from 'node:worker_threads';
import { type Ffi, loadFfi } from './ffi.ts';

// Linux on x64 and arm64: netinet/in.h and linux/tcp.h.
const IPPROTO_TCP = 6;
const TCP_USER_TIMEOUT = 18;
const INT_BYTES = 4;
const timeoutMsMax = 2 ** 31 - 1;

const library = 'leasewire-libc-tcp';
let opened: Ffi | undefined;

function openFfi(): Ffi {
  if (opened === undefined) {
    opened = loadFfi();
    opened.open({ library, path: '' });
  }
  return opened;
}

/**
 * How long what was sent may stay unacknowledged, and probes unanswered, until the kernel gives the connection up; 0 leaves
 * that to the system, which tries for a quarter of an hour, as it always does on worker threads. The descriptor stays the
 * caller's.
 * @throws RangeError for a time that is none, Error if the descriptor is no TCP socket.
 */
export function setTcpUserTimeout(descriptor: number, timeoutMs: number): void {
  if (!Number.isInteger(timeoutMs) || timeoutMs < 0 || timeoutMs > timeoutMsMax) {
    throw new RangeError(`a TCP user timeout is 0 to ${timeoutMsMax} ms, not ${timeoutMs}`);
  }
  if (!isMainThread) return;
  const { DataType, load } = openFfi();
  const value = Buffer.alloc(INT_BYTES);
  value.writeUInt32LE(timeoutMs);
  const status = load({
    library,
    funcName: 'setsockopt',
    retType: DataType.I32,
    paramsType: [DataType.I32, DataType.I32, DataType.I32, DataType.U8Array, DataType.I32],
    paramsValue: [descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, value, INT_BYTES],
  });
  if (status !== 0) throw new Error(`setsockopt(TCP_USER_TIMEOUT) returned ${status} for descriptor ${descriptor}`);
}
