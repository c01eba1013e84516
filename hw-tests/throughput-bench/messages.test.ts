import { describe, expect, test } from 'vitest';
import { CountWindow } from './count-window.ts';
import { MessageSink, MessageSource } from './messages.ts';

function sinkOf(bytes: number): MessageSink {
  return new MessageSink(bytes, new CountWindow({ rampMs: 0, windowMs: 0, windowMsMax: 0 }, 0));
}

/** All that a source sends. */
function messagesOf(source: MessageSource): readonly Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let message = source.next(); message !== undefined; message = source.next()) messages.push(message.slice());
  return messages;
}

/** Time is up at the second look. */
function sourceOf(bytes: number): MessageSource {
  let looks = 0;
  return new MessageSource(bytes, () => ++looks === 2);
}

const some = messagesOf(sourceOf(64));

describe('messages', () => {
  test('arrive as they were sent, up to the last one', () => {
    const source = sourceOf(64);
    const sink = sinkOf(64);
    const wanted = messagesOf(source).map((message) => sink.take(message));
    expect(wanted.at(-1)).toBe(false);
    expect(wanted.slice(0, -1)).not.toContain(false);
    expect(sink.received).toBe(source.sent);
    expect(source.sent).toBe(16);
  });

  test('of no time are the last one alone', () => {
    expect(messagesOf(new MessageSource(8, () => true))).toHaveLength(1);
  });

  test.each([
    ['lost', [0, 2], /message 2 came where 1 was due/],
    ['repeated', [0, 0], /message 0 came where 1 was due/],
    ['out of order', [1], /message 1 came where 0 was due/],
  ])('that are %s are noticed', (_how, indices, error) => {
    const sink = sinkOf(64);
    expect(() => indices.map((index) => sink.take(some[index] ?? new Uint8Array()))).toThrow(error);
  });

  test('that are torn or of another length are noticed', () => {
    const [first = new Uint8Array()] = some;
    const torn = first.slice();
    torn[63] = 0;
    expect(() => sinkOf(64).take(torn)).toThrow(/is not what was sent/);
    expect(() => sinkOf(64).take(first.subarray(0, 63))).toThrow(/message 0 of 63 B is not what was sent, 64 B/);
  });
});
