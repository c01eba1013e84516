// Bugs of streams. They are looked for where processes open streams, and do nothing else.
import { dropped, type Plant } from './plant.ts';

const workloads = ['streams'] as const;

export const streamPlants: readonly Plant[] = [
  {
    name: 'end told before the last batch',
    file: 'bridge/rpc/stream-sender',
    breaks: 'a batch behind which there is more says that it is the last',
    replacements: [
      { from: 'const flags = this.#queue.length === 0 ? this.#flags : 0;', to: 'const flags = this.#flags;' },
    ],
    seedsMax: 40,
    workloads,
  },
  {
    name: 'batch given back before it was copied',
    file: 'bridge/rpc/stream-receiver',
    breaks: 'a half is the sender’s again when its batch is seen, and written over before that is copied',
    replacements: [
      {
        from: 'if (isUrgent || this.#arrived.length === 0) this.#copy();',
        to: 'if ((this.#standing & streamFlags.over) === 0) inlet.taken(); if (isUrgent || this.#arrived.length === 0) this.#copy();',
      },
      {
        from: 'if ((flags & streamFlags.over) === 0) this.#inlet?.taken(); else',
        to: 'if ((flags & streamFlags.over) !== 0)',
      },
    ],
    seedsMax: 40,
    workloads,
  },
  {
    name: 'batches copied before they are asked for',
    file: 'bridge/rpc/stream-receiver',
    breaks: 'a receiver that takes nothing holds nobody back',
    replacements: [{ from: 'if (isUrgent || this.#arrived.length === 0) this.#copy();', to: 'this.#copy();' }],
    seedsMax: 40,
    workloads,
  },
  {
    name: 'room promised that there is not',
    file: 'bridge/rpc/stream-sender',
    breaks: 'whoever waits for room does not wait',
    replacements: [{ from: 'return this.#gathered <= this.#parts.room ? done : this.#wait();', to: 'return done;' }],
    seedsMax: 40,
    workloads,
  },
  {
    name: 'nothing taken after leaving',
    file: 'bridge/rpc/stream-receiver',
    breaks: 'a side that has left takes no more batches, and the other can never end its own',
    replacements: [{ from: 'if (this.#dropping) return this.#finishBatch();', to: 'if (this.#dropping) return;' }],
    seedsMax: 40,
    workloads,
  },
  {
    name: 'cancellation not passed on',
    file: 'bridge/rpc/slots-server-path',
    breaks: 'a stream that its client has given up goes on at its server, and keeps its slot',
    replacements: [
      {
        from: 'if (state instanceof ServedStream) state.cancelled(reason); else state.giveUp(reason);',
        to: 'if (!(state instanceof ServedStream)) state.giveUp(reason);',
      },
    ],
    seedsMax: 40,
    workloads,
  },
  {
    name: 'handlers of dead clients go on',
    file: 'bridge/rpc/slots-server-path',
    breaks: 'nobody tells a handler that its client is gone',
    replacements: [dropped('if (state instanceof ServedCall && reason !== undefined) state.giveUp(reason);')],
    seedsMax: 40,
    workloads,
  },
  {
    name: 'slot of a stream freed too soon',
    file: 'bridge/rpc/call-lane',
    breaks: 'the slot of a stream that was given up is given away, and a late batch taken for one of the next stream',
    replacements: [
      {
        from: 'if (!this.#stopped) this.#path.cancel(slot);',
        to: "if (!this.#stopped) { this.#path.cancel(slot); if ('stream' in call) this.free(slot); }",
      },
    ],
    seedsMax: 40,
    workloads,
  },
  {
    name: 'error of a handler lost',
    file: 'bridge/rpc/served-stream',
    breaks: 'a stream whose handler throws ends well',
    replacements: [
      {
        from: 'this.sender.finish(told === undefined ? undefined : encodeRemoteError(told));',
        to: 'this.sender.finish(undefined);',
      },
    ],
    seedsMax: 40,
    workloads,
  },
  {
    name: 'end behind dropped messages',
    file: 'bridge/rpc/stream-receiver',
    breaks: 'a stream that is given up ends well where its end had arrived, although what came before is dropped',
    replacements: [dropped('if (this.#arrived.length > 0) this.#ended = false;')],
    seedsMax: 40,
    workloads,
  },
  {
    name: 'late stream keeps its slot',
    file: 'bridge/rpc/served-stream',
    breaks: 'a server lets go of a stream whose deadline has passed, and never says that it is over',
    replacements: [{ from: 'this.stream.expire(reason);', to: 'this.stream.lose(reason);' }],
    seedsMax: 40,
    workloads,
  },
  {
    name: 'stopped server says nothing',
    file: 'bridge/rpc/server',
    breaks: 'a server that stops serving does not answer its streams',
    replacements: [dropped('this.#path.respond(stream, status.responseReady, new Uint8Array(0));')],
    seedsMax: 100,
    workloads,
  },
  {
    name: 'batch told of without its last bytes',
    file: 'bridge/rpc/server-streams',
    breaks: 'between machines the end of a batch stays behind',
    replacements: [
      { from: 'entryKinds.data, outgoing.offset, bytes)', to: 'entryKinds.data, outgoing.offset, bytes - 4)' },
    ],
    seedsMax: 40,
    workloads,
  },
];
