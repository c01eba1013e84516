// A client elsewhere, as the server's port sees it: what is published for it is sent from the home's memory.
import { arenaWords, IndexFlow, type SlotRange, type Window } from '#bridge';
import { farIndexWire } from './far-index-wire.ts';
import type { FarWay } from './far-path.ts';
import type { FarClient } from './memory-ports.ts';

export function farClient(end: FarWay, binding: number, window: Window, { first }: SlotRange): FarClient {
  return {
    indices: new IndexFlow(farIndexWire(end, binding, window.arena), arenaWords(window), 'home'),
    observe: () => end.observe(),
    publish: (slot, offset, bytes, status) => {
      const source = window.arena.subarray(offset, offset + bytes);
      end.publish(binding, offset, source, { place: slot - first, status }); // Publishes: response.
    },
    tell: (slot, kind, offset, bytes) => {
      const source = window.arena.subarray(offset, offset + bytes);
      end.publish(binding, offset, source, { place: slot - first, kind }); // Publishes: response.
    },
  };
}
