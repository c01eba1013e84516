import { expect, test } from 'vitest';
import { entryKinds } from '../slot-board.ts';
import { bindingOf, endedFrameOf, endOf, entryKindOf, frameOf, frameStatusOf, statusOf } from './rdma-frame.ts';

test('a frame names its binding, and a status or a kind of entry, and never the other', () => {
  for (let status = 1; status <= 6; status++) expect(entryKindOf(statusOf(frameOf(5, status)))).toBeUndefined();
  for (const kind of [entryKinds.cancel, entryKinds.data, entryKinds.taken]) {
    const frame = frameOf(2 ** 24 - 1, frameStatusOf(kind));
    expect(entryKindOf(statusOf(frame))).toBe(kind);
    expect(bindingOf(frame)).toBe(2 ** 24 - 1);
  }
  for (let status = 10; status < 240; status++) expect(entryKindOf(status)).toBeUndefined();
});

test('a frame that says how a lease ended holds no status', () => {
  const frame = endedFrameOf(7, 'revoked');
  expect([statusOf(frame), endOf(frame), bindingOf(frame)]).toEqual([0, 'revoked', 7]);
});
