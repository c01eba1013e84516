// How cases say that something fails, and how.
import { expect } from 'vitest';
import type { CallOptions, FabricErrorOptions, RpcClient } from '../index.ts';

/** A class of errors, whatever its constructor takes. */
export type ErrorClass = abstract new (...args: never[]) => Error;

/** Expects a failure of exactly this class, with these fields, and returns it. */
export async function expectFailure(
  attempt: Promise<unknown> | (() => unknown),
  expected: ErrorClass,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<Error> {
  const error = await failureOf(attempt);
  if (!(error instanceof Error)) throw new Error(`expected ${expected.name}, but it threw no Error: ${error}`);
  expect(error.constructor.name, error.stack).toBe(expected.name);
  expect(error).toMatchObject(fields);
  return error;
}

/** Both ways to call, for what must hold of each. */
export const callModes: readonly ['call', 'callSync'] = ['call', 'callSync'];
export type CallMode = (typeof callModes)[number];

/** A call in the given mode; a failure is always a rejection. */
export async function callIn(
  mode: CallMode,
  client: RpcClient,
  methodId: number,
  payload: Uint8Array,
  options?: CallOptions,
): Promise<Uint8Array> {
  return client[mode](methodId, payload, options);
}

export const mayHaveExecuted: Pick<Required<FabricErrorOptions>, 'mayHaveExecuted'> = {
  mayHaveExecuted: true,
};
export const neverExecuted: Pick<Required<FabricErrorOptions>, 'mayHaveExecuted'> = {
  mayHaveExecuted: false,
};

async function failureOf(attempt: Promise<unknown> | (() => unknown)): Promise<unknown> {
  try {
    await (typeof attempt === 'function' ? attempt() : attempt);
  } catch (error) {
    return error;
  }
  throw new Error('expected a failure, but it succeeded');
}
