// Bounds how long the kernel sends again what a network peer does not acknowledge. Meanwhile it does not probe the peer, and
// by itself it would go on for a quarter of an hour.
import type { Socket } from 'node:net';
import { setTcpUserTimeout } from '#native';
import { networkUnansweredMs } from '../../limits.ts';

/** Node has no other way to a socket's descriptor; a socket that is closed has none. */
interface WithHandle {
  readonly _handle?: { readonly fd?: number } | null;
}

export function boundSilence(socket: Socket): void {
  const descriptor = (socket as WithHandle)._handle?.fd ?? -1;
  if (descriptor >= 0) setTcpUserTimeout(descriptor, networkUnansweredMs);
}
