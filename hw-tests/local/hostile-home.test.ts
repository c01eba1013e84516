// Hostile homes: whatever they grant and answer, their holder gets an error of a class that says so, and lives on.
import { beforeEach, describe, expect, test } from 'vitest';
import { privateRuntimeDirectory } from './place.ts';
import { endProgramsAfterEach, Program } from './program.ts';

privateRuntimeDirectory();
endProgramsAfterEach();

/** What attaching, or what comes after it, fails with, by what is wrong about the lease. */
const grantErrors: Readonly<Record<string, string>> = {
  'unsealed memory': 'MalformedFrame',
  'memory too small': 'MalformedFrame',
  'memory too large': 'MalformedFrame',
  'memory that is a doorbell': 'MalformedFrame',
  'doorbells that are memory': 'MalformedFrame',
  'no descriptors': 'MalformedFrame',
  'too few descriptors': 'MalformedFrame',
  'too many descriptors': 'Disconnected',
  'a wrong magic': 'MalformedFrame',
  'a wrong version': 'MalformedFrame',
  'a wrong lease id': 'MalformedFrame',
  'a wrong arena size': 'MalformedFrame',
  'a wrong control size': 'MalformedFrame',
  'a wrong state': 'Revoked',
  'an arena size that is not the memory’s': 'MalformedFrame',
  'another generation than the control page': 'Revoked',
  'a slot that cannot be': 'MalformedFrame',
  'a session that cannot be': 'MalformedFrame',
  'a time that is none': 'MalformedFrame',
  'a time without end': 'MalformedFrame',
  'an answer to something else': 'MalformedFrame',
  garbage: 'MalformedFrame',
  'too long a message': 'Disconnected',
  'a connection that closes': 'Disconnected',
  'a connection that closes behind the answer': 'Disconnected',
  'an end right behind the answer': 'Revoked',
  'no time': 'LeaseExpired',
};

/** As that, but it takes as long as a control request may. */
const slowGrantErrors: Readonly<Record<string, string>> = {
  'a request of its own': 'DeadlineExceeded',
  'no answer': 'DeadlineExceeded',
};

/** What calls fail with, by what is wrong about the response. */
const callErrors: Readonly<Record<string, string>> = {
  'an unknown status': 'MalformedFrame',
  "a request's status": 'MalformedFrame',
  'a length of 32752': 'MalformedFrame',
  'a length of 2^32 - 1': 'MalformedFrame',
  'a length of 2^31': 'MalformedFrame',
  'the id of another request': 'DeadlineExceeded',
  'the id of another session': 'DeadlineExceeded',
  'an error too short': 'MalformedFrame',
  'an error of no kind': 'MalformedFrame',
  'an error that is not UTF-8': 'RemoteError',
  'no response': 'DeadlineExceeded',
};

let ids: Readonly<Record<string, string>> = {};

beforeEach(async () => {
  const home = new Program('hw-tests/programs/hostile-home');
  const granted = await home.hear('granted');
  ids = granted['ids'] as typeof ids;
});

/** A client that tries these leases, one after the other, and lives on. Returns which errors each of them brought. */
async function wrong(names: readonly string[], rounds = 1): Promise<Record<string, string[]>> {
  const client = new Program('hw-tests/programs/wronged-client', [String(rounds)]);
  client.tell(JSON.stringify(Object.fromEntries(names.map((name) => [name, ids[name]]))));
  expect(await client.hear('done')).toMatchObject({ memfds: 0, mappings: 0 });
  const found: Record<string, string[]> = {};
  for (const _ of names) {
    const { name, outcomes } = await client.hear('tried');
    found[String(name)] = [...new Set(outcomes as string[])];
  }
  return found;
}

async function expectErrors(expected: Readonly<Record<string, string>>): Promise<void> {
  const found = await wrong(Object.keys(expected));
  expect(found).toEqual(Object.fromEntries(Object.entries(expected).map(([name, error]) => [name, [error]])));
}

describe('a client of a hostile home', () => {
  test('refuses a grant that is not right', async () => {
    await expectErrors(grantErrors);
  });

  test('does not wait for ever', async () => {
    await Promise.all(Object.entries(slowGrantErrors).map((entry) => expectErrors(Object.fromEntries([entry]))));
  });

  test('gets errors for responses that are not right', async () => {
    await expectErrors(callErrors);
  });

  test('makes no client of a slot that does not fit the lease', async () => {
    const found = await wrong(['an arena too small for the slot']);
    expect(Object.values(found).flat()).toContain('MalformedFrame');
    expect(Object.values(found).flat()).not.toContain('RangeError');
  });

  test('survives random bytes all the time', async () => {
    const kinds = Object.values(await wrong(['random bytes all the time'], 50)).flat();
    console.log(`random bytes brought ${kinds.join(', ')}`);
    for (const kind of kinds) expect(kind).toMatch(/^(MalformedFrame|DeadlineExceeded|RemoteError|nothing)$/);
  });
});
