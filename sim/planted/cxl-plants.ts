// Bugs of memory that hosts share without coherent caches, and of its being used again.
import { dropped, type Plant } from './plant.ts';

export const cxlPlants: readonly Plant[] = [
  {
    name: 'body not flushed',
    file: 'bridge/plane/cxl/line-ring',
    breaks: 'a message is told of, and its body is in the sender’s cache',
    replacements: [
      {
        from: 'this.#store(this.#place.ownAt + bodiesAt + bodyLine * lineBytes, body);',
        to: 'this.#memory.store(this.#place.ownAt + bodiesAt + bodyLine * lineBytes, body);',
      },
    ],
    seedsMax: 100,
  },
  {
    name: 'record before its body',
    file: 'bridge/plane/cxl/line-ring',
    breaks: 'a message is told of before its body is in the memory',
    replacements: [
      dropped('if (lines > 0) this.#store(this.#place.ownAt + bodiesAt + bodyLine * lineBytes, body);'),
      {
        from: 'this.#storeRecord(head, body.length, bodyLine);',
        to: 'this.#storeRecord(head, body.length, bodyLine); if (lines > 0) this.#store(this.#place.ownAt + bodiesAt + bodyLine * lineBytes, body);',
      },
    ],
    seedsMax: 100,
  },
  {
    name: 'no fence',
    file: 'bridge/plane/cxl/line-ring',
    breaks: 'what was flushed gets to the memory when something else sees to it',
    replacements: [
      {
        from: 'this.#memory.flush(at, bytes.length); this.#memory.fence();',
        to: 'this.#memory.flush(at, bytes.length);',
      },
    ],
    seedsMax: 100,
  },
  {
    name: 'load without an invalidation',
    file: 'bridge/plane/cxl/line-ring',
    breaks: 'a word that was looked at once is never seen to change',
    replacements: [dropped('memory.invalidate(at, 4);')],
    seedsMax: 100,
  },
  {
    name: 'body’s first line alone invalidated',
    file: 'bridge/plane/cxl/line-ring',
    breaks: 'of a long message all but the beginning is what stood there a round ago',
    replacements: [
      {
        from: 'this.#memory.invalidate(bodyAt, bytes);',
        to: 'this.#memory.invalidate(bodyAt, 1);',
      },
    ],
    seedsMax: 100,
  },
  {
    name: 'two writers of one line',
    file: 'bridge/plane/cxl/line-ring',
    breaks: 'what a reader says stands in the writer’s line',
    replacements: [
      {
        from: 'const at = this.#place.ownAt + takenAt;',
        to: 'const at = this.#place.peerAt + takenAt + 8;',
      },
      {
        from: 'loadWord(this.#memory, this.#place.peerAt + takenAt);',
        to: 'loadWord(this.#memory, this.#place.ownAt + takenAt + 8);',
      },
    ],
    seedsMax: 100,
  },
  {
    name: 'no notice to a reader that rests',
    file: 'bridge/plane/cxl/line-ring',
    breaks: 'a writer believes that its reader looks once more, which has looked',
    replacements: [
      {
        from: 'return this.#taken >= this.#written - 1;',
        to: 'return this.#taken >= this.#written;',
      },
    ],
    seedsMax: 100,
  },
  {
    name: 'notice before the flush',
    file: 'sim/pool-end',
    breaks: 'the peer is told to look before there is anything',
    replacements: [
      {
        from: 'if (this.#rings?.writer.push(next.head, next.body) !== true) return;',
        to: 'this.#notify(); if (this.#rings?.writer.push(next.head, next.body) !== true) return;',
      },
      dropped('if (this.#rings.writer.peerRests) this.#notify();'),
    ],
    seedsMax: 100,
  },
  {
    name: 'used again before the holder confirms',
    file: 'sim/pool-book',
    breaks: 'memory is granted while a holder of the lease before reaches it',
    replacements: [
      {
        from: 'if (!entry.left || entry.bindings.size > 0) return;',
        to: 'if (!entry.left) return;',
      },
    ],
    seedsMax: 200,
  },
  {
    name: 'lines of a dead holder are not waited for',
    file: 'sim/pool-home-link',
    breaks: 'memory is granted again when a session ends, whatever is left in the holder’s cache',
    replacements: [
      {
        from: 'book.takeBack(this.#channel.number, this.#peerHost);',
        to: '{ book.takeBack(this.#channel.number, this.#peerHost); book.confirm(this.#channel.number, this.#peerHost); }',
      },
    ],
    seedsMax: 100,
  },
  {
    name: 'reached before the home agrees',
    file: 'sim/pool-holder-link',
    breaks: 'a holder reaches what its home has just lent, though it may be another’s by now',
    replacements: [
      {
        from: 'await this.#parts.ask(encodeWords([poolWords.open, binding]));',
        to: 'this.#say([poolWords.open, binding]);',
      },
    ],
    seedsMax: 400,
  },
];
