// The board of the slots layout, and sleeping, in every interleaving of one or two clients, a server and a crash. All states
// of two clients with all that may befall them are too many: each of three scopes leaves something else out.
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { verify } from './spin.ts';

const model = fileURLToPath(new URL('./board.pml', import.meta.url));

test.each([
  [
    'of one client, which makes three calls, gives one up, dies, and has a successor',
    ['CALLS0=3', 'CALLS2=2'],
    2_000_000,
  ],
  ['of two clients that both sleep', ['CALLS0=1', 'CALLS1=1', 'CALLS2=1', 'ONE_MISHAP'], 2_000_000],
  [
    'of two clients, of which one has two calls under way',
    ['CALLS0=2', 'CALLS1=1', 'CALLS2=1', 'NONE_GIVEN_UP', 'PLAIN1'],
    5_000_000,
  ],
])(
  'nothing is lost, doubled, or mixed up, in all states %s',
  { timeout: 300_000 },
  async (_scope, defines, statesMin) => {
    const { errors, states, error } = await verify(model, defines);
    expect([errors, error]).toEqual([0, '']);
    expect(states).toBeGreaterThan(statesMin);
  },
);

const sleepsForEver = 'invalid end state';

test.each([
  ['server sleeps without a last look', sleepsForEver],
  ['client sleeps without a last look', sleepsForEver],
  ['thread blocks without a last look', sleepsForEver],
  ['thread sleeps on without arming', sleepsForEver],
  ['others left asleep by callSync', sleepsForEver],
  ['client does not call', sleepsForEver],
  ['group does not call', sleepsForEver],
  ['group cleared behind the look', sleepsForEver],
  ['client given up while it calls', sleepsForEver],
  ['client given up without a last look', sleepsForEver],
  ['answer stored behind the look at the sleeper', sleepsForEver],
  ['sleep of the dead left', sleepsForEver],
  ['slots freed while the client lives', sleepsForEver],
  ['board not wiped', 'assertion violated (submissions['],
  ['slots not wiped', 'assertion violated (((status[k]==0)&&(header[k]==0))&&(payload[k]==0))'],
  ['dead are answered', 'assertion violated (((status[s]==2)&&(header[s]==serving[s]))'],
  ['entry before payload', 'assertion violated ((serving[s]==0)&&(status[s]==1))'],
  ['response told of before it is there', 'assertion violated ((status[slot]==3)&&(header[slot]==call[k]))'],
  ['abandoned slot given away', 'assertion violated ((status[slot]==3)&&(header[slot]==call[k]))'],
  ['late answer of an abandoned slot', 'assertion violated (payload[slot]==(call[k]+8))'],
  ['processing mark omitted', '!(ran[call[k]]))'],
])('found is: %s', { timeout: 60_000 }, async (name, error) => {
  const verdict = await verify(model, [name.toUpperCase().replaceAll(' ', '_')], true);
  expect(verdict.errors).toBe(1);
  expect(verdict.error).toContain(error);
});
