import { expect, test } from 'vitest';
import { VirtualClock } from '#sim';
import { greetingMs, ungreetedMax } from '../limits.ts';
import { Lobby } from './lobby.ts';

function lobbyOf(guests: number): { clock: VirtualClock; lobby: Lobby; out: number[]; leave: (() => void)[] } {
  const clock = new VirtualClock({ readMs: 0 });
  const lobby = new Lobby(clock);
  const out: number[] = [];
  const leave = Array.from({ length: guests }, (_, guest) => lobby.enter(() => out.push(guest)));
  return { clock, lobby, out, leave };
}

test('whoever says nothing is turned out in time, and not before', async () => {
  const { clock, lobby, out } = lobbyOf(2);
  await clock.advance(greetingMs - 1);
  expect(out).toEqual([]);
  await clock.advance(1);
  expect([out, lobby.size, clock.pending]).toEqual([[0, 1], 0, 0]);
});

test('whoever says hello leaves, once or twice, and stays', async () => {
  const { clock, lobby, out, leave } = lobbyOf(3);
  leave[1]?.();
  leave[1]?.();
  expect(lobby.size).toBe(2);
  await clock.advance(greetingMs);
  expect(out).toEqual([0, 2]);
  leave[0]?.();
});

test('one too many, and the oldest goes', () => {
  const { lobby, out, leave } = lobbyOf(ungreetedMax);
  expect([out, lobby.size]).toEqual([[], ungreetedMax]);
  leave[0]?.();
  lobby.enter(() => expect.unreachable());
  expect(out).toEqual([]);
  lobby.enter(() => expect.unreachable());
  expect([out, lobby.size]).toEqual([[1], ungreetedMax]);
});

test('closing turns everybody out', () => {
  const { clock, lobby, out } = lobbyOf(3);
  lobby.close();
  expect([out, lobby.size, clock.pending]).toEqual([[0, 1, 2], 0, 0]);
});
