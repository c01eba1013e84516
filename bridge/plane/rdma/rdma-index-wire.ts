// Takes indices, and the bytes before them, across an RDMA session: WRITEs of one queue pair, which arrive in their order.
import type { MemoryRegion, RemoteRegion } from '#native';
import { type IndexWire, notices } from '../index-flow.ts';
import { frameOf } from './rdma-frame.ts';
import type { RdmaSession } from './rdma-session.ts';

/** `local` is the window at this end, registered; `remote` the peer's. */
export function rdmaIndexWire(
  session: RdmaSession,
  binding: number,
  local: MemoryRegion,
  remote: RemoteRegion,
): IndexWire {
  const moved = frameOf(binding, notices.moved);
  return {
    write: (offset, bytes) => session.send(local, offset, bytes, remote, offset),
    post: (offset, words) => session.publishWords(words, remote, offset, moved),
    tell: (notice) => session.publish(local, 0, 0, remote, 0, frameOf(binding, notice)),
  };
}
