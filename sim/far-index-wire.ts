// Takes indices, and the bytes before them, across a far session.
import { type IndexWire, notices } from '#bridge';
import type { FarWay } from './far-path.ts';

/** `arena` is the window at this end. */
export function farIndexWire(end: FarWay, binding: number, arena: Uint8Array): IndexWire {
  const nothing = new Uint8Array(0);
  return {
    write: (offset, bytes) => {
      const source = arena.slice(offset, offset + bytes);
      void end.request({ op: 'write', binding, offset, source }).catch(() => undefined);
    },
    post: (offset, words) => {
      end.publish(binding, offset, new Uint8Array(Uint32Array.from(words).buffer), { place: 0, status: notices.moved });
    },
    tell: (notice) => end.publish(binding, 0, nothing, { place: 0, status: notice }),
  };
}
