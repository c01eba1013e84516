// Bugs of the slots layout.
import { dropped, type Plant } from './plant.ts';

export const slotsPlants: readonly Plant[] = [
  {
    name: 'entry before payload',
    file: 'bridge/rpc/slots-client-path',
    breaks: 'a request is told of before its payload is in the slot',
    replacements: [
      dropped('this.#frames.fill(this.#first + slot, payload);'),
      {
        from: 'this.#publish(slot, bytes, deadlineMs, published);',
        to: 'this.#publish(slot, bytes, deadlineMs, published); if (bytes <= payloadBytes) this.#frames.fill(this.#first + slot, payload);',
      },
    ],
    seedsMax: 50,
  },
  {
    name: 'response told of before it is there',
    file: 'bridge/rpc/slots-server-path',
    breaks: 'a completion is told of before the response is in the slot',
    replacements: [
      dropped('this.#frames.fill(call.slot, outgoing?.next(payloadBytes) ?? payload);'),
      {
        from: 'this.#publish(call, published, payload.length, outgoing);',
        to: 'const first = outgoing?.next(payloadBytes) ?? payload; this.#publish(call, published, payload.length, outgoing); this.#frames.fill(call.slot, first);',
      },
    ],
    seedsMax: 50,
  },
  {
    name: 'client does not call',
    file: 'bridge/plane/slot-board',
    breaks: 'a server that does not look at a client any more is not told that it has something to say',
    replacements: [dropped('Atomics.store(this.callers, client, 1);')],
    seedsMax: 50,
  },
  {
    name: 'group does not call',
    file: 'bridge/plane/slot-board',
    breaks: 'a client calls where nobody looks',
    replacements: [dropped('Atomics.store(this.groups, client >> 6, 1);')],
    seedsMax: 50,
  },
  {
    name: 'client given up while it calls',
    file: 'bridge/rpc/slot-scheduler',
    breaks: 'a silent client is not looked at any more, and believes that it is',
    replacements: [dropped('Atomics.store(this.#board.callers, seat.range.client, 0);')],
    seedsMax: 200,
  },
  {
    name: 'late answer of an abandoned slot',
    file: 'bridge/rpc/slots-client-path',
    breaks: 'the slot of a call that was given up is given away, and its late answer taken for that of the next call',
    replacements: [
      { from: 'if (!isAnswer(found) || !ours || bytes', to: 'if (!isAnswer(found) || bytes' },
      { file: 'bridge/rpc/call-lane', from: 'call.abandoned = true;', to: 'this.free(slot);' },
    ],
    seedsMax: 100,
  },
  {
    name: 'session of slots not renewed',
    file: 'bridge/rpc/slots-client-path',
    breaks: 'after a reconnection, request ids are those of the session that was lost',
    replacements: [dropped('this.#ids.restart(slots.session);')],
    seedsMax: 200,
  },
  {
    name: 'slots not moved',
    file: 'bridge/rpc/slots-client-path',
    breaks: 'after a reconnection, a client goes on with the slots that it had before',
    replacements: [
      {
        from: 'this.#first = slots.first; this.#copier = this.#copierOf(this.#arena);',
        to: 'this.#copier = this.#copierOf(this.#arena);',
      },
    ],
    seedsMax: 400,
  },
  {
    name: 'parts go on in another session',
    file: 'bridge/rpc/slots-client-path',
    breaks: 'after a reconnection, a payload that was on its way goes on',
    replacements: [dropped('this.#transfers.fill(undefined);')],
    seedsMax: 400,
  },
  {
    name: 'slots not wiped',
    file: 'bridge/rpc/slots-server-path',
    breaks: 'a client finds the bytes of the one before',
    replacements: [dropped('this.#frames.wipe(first, count);')],
    seedsMax: 50,
  },
  {
    name: 'part sent twice',
    file: 'bridge/rpc/payload-transfer',
    breaks: 'each part of a longer payload is the first one',
    replacements: [
      {
        from: 'this.#payload.subarray(this.#sent, this.#sent + bytesMax);',
        to: 'this.#payload.subarray(0, Math.min(bytesMax, this.bytesLeft));',
      },
    ],
    seedsMax: 20,
  },
  {
    name: 'room of broken transfers not given back',
    file: 'bridge/rpc/slots-server-path',
    breaks: 'what clients that have gone were sending takes room for good, until no longer payload finds any',
    replacements: [
      dropped(
        'if (!(state instanceof Assembly) || this.#budget.forget(state.begin)) return; this.#budget.give(state.bytes);',
      ),
    ],
    seedsMax: 400,
  },
];
