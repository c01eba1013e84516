// Draws what both sides of a stream do: any number of messages, of nothing to several slots' bytes, at any pace, to any end.
import type { Chance } from './chance.ts';
import { numberBytes } from './pattern.ts';
import type { Caller } from './rpc-clients.ts';
import type { ClientPlan, HandlerPlan, SidePlan } from './stream-ledger.ts';

/** No stream goes on for longer while things go wrong. */
export const streamMsMax = 8000;
export const calmDeadlineMs = 10_000;
const halves = 2;

/** What half of a slot holds, for one direction. */
export function halfBytesOf({ partBytes = 0 }: Caller): number {
  return Math.floor(partBytes / halves / 4) * 4;
}

export function drawClient(caller: Caller): ClientPlan {
  const { chance } = caller.actor;
  return {
    ...drawSide(caller),
    openingBytes: chance.happens(0.1) ? lengthInParts(caller) : numberBytes + chance.integer(0, 40),
    ends: chance.happens(0.85),
    deadlineMs: chance.happens(0.5) ? chance.octaves(0.5, streamMsMax) : Number.POSITIVE_INFINITY,
  };
}

const outcomes = [
  'returns',
  'returns',
  'ends and returns',
  'throws',
  'ends and throws',
  'cancels',
  'waits for its signal',
] as const;

export function drawHandler(caller: Caller): HandlerPlan {
  const { chance } = caller.actor;
  const outcome = chance.pick(outcomes);
  return {
    ...drawSide(caller),
    echoes: chance.happens(0.3),
    outcome,
    swallows: chance.happens(0.4),
    deaf: outcome !== 'waits for its signal' && chance.happens(0.3),
  };
}

function drawSide(caller: Caller): SidePlan {
  const { chance } = caller.actor;
  const count = chance.pick([0, 1, 3, 10, 40]);
  const longShare = chance.pick([0, 0, 0.1]);
  const pauseMs = () => (chance.happens(0.7) ? 0 : chance.octaves(0.1, 100));
  return {
    messages: Array.from({ length: count }, () => drawLength(caller, longShare)),
    sendPauseMs: pauseMs(),
    waits: chance.happens(0.8),
    readsMax: chance.happens(0.2) ? chance.integer(0, 4) : Number.POSITIVE_INFINITY,
    readPauseMs: pauseMs(),
  };
}

/** Often nothing, often just as much as fits, or a byte more. */
function drawLength(caller: Caller, longShare: number): number {
  const { chance } = caller.actor;
  const half = halfBytesOf(caller);
  if (chance.happens(longShare)) return lengthInParts(caller);
  const fitting = half - 12;
  return chance.pick([0, chance.integer(0, 16), chance.integer(0, fitting), fitting + chance.integer(-1, 1)]);
}

function lengthInParts({ actor: { chance }, partBytes = 0 }: Caller): number {
  return chance.integer(partBytes, 4 * partBytes);
}

const alike = { sendPauseMs: 0, waits: true, readsMax: Number.POSITIVE_INFINITY, readPauseMs: 0 } as const;

/** Once nothing goes wrong: two messages. */
export function calmClient(chance: Chance): ClientPlan {
  const messages = [chance.integer(0, 100), chance.integer(0, 100)];
  return { ...alike, messages, openingBytes: numberBytes, ends: true, deadlineMs: calmDeadlineMs };
}

/** Answers each with the same. */
export const calmHandler: HandlerPlan = {
  ...alike,
  messages: [],
  echoes: true,
  outcome: 'returns',
  swallows: false,
  deaf: false,
};
