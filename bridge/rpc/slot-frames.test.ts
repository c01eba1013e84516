// Where headers are in a lease that is longer than a signed 32-bit number says.
import { expect, test } from 'vitest';
import { SlotFrames } from './slot-frames.ts';

test('the last slot of a lease of more than 2 GiB has a header of its own', () => {
  const slotStride = 2 ** 29;
  const slotCount = 5;
  const arena = new Uint8Array(slotCount * slotStride);
  const frames = new SlotFrames(arena, { name: 'slots', slotCount, slotStride });
  frames.write(4, 1, 2, 3, 400, 5);
  frames.setStatus(4, 6);
  frames.read(4);
  const { idLow, idHigh, methodId, bytes, deadlineCode } = frames;
  expect([idLow, idHigh, methodId, bytes, deadlineCode, frames.statusOf(4)]).toEqual([1, 2, 3, 400, 5, 6]);
  expect(arena[2 ** 31]).toBe(1);
  frames.read(0);
  expect(frames.idLow).toBe(0);
});
