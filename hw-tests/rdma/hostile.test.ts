// Hostile peers on the network: what they say and post is refused, with a reason that has a name, their home goes on
// answering whoever means well, and neither card has anything of theirs when they are gone.
import { expect, test } from 'vitest';
import { rdmaSendsMax } from '../../bridge/limits.ts';
import { settled } from '../local/settled.ts';
import { describeTwoNodes } from './two-nodes.ts';

const callsAtOnce = 50;
/** What a slot takes of a lease; behind it nobody writes. */
const slotBytes = 65_536;

type Answers = Readonly<Record<string, string>>;

/** A queue pair's completion status 10 is a remote access error: the home's card has refused. */
const refusedByCard = 'status 10, owner fine';

/** What attempts are answered with that are not MalformedFrame. */
const otherAnswers: Answers = {
  'a gid of zeros': 'IoError',
  // A session that is open, with nobody at its other end: it goes with its connection.
  'a multicast gid': 'plane-answer',
  'a gid of a host that is not there': 'IoError',
  'a gid that no route leads to': 'IoError',
  'test before connect': 'Disconnected',
  'the wrong nonce': 'Disconnected',
  'mirror of a binding that is not there': 'Disconnected',
  "mirror of another session's binding": 'Disconnected',
  'unbind of what was never bound': 'done',
  'a stale generation': 'Revoked',
  'attach twice': 'Contention',
  "a key of another session's": refusedByCard,
  "a read by a key of another session's": refusedByCard,
  "an addition by a key of another session's": refusedByCard,
  'guessed keys': 'status 10',
};

function otherThanMalformed(answers: Answers): Answers {
  return Object.fromEntries(Object.entries(answers).filter(([, answer]) => answer !== 'MalformedFrame'));
}

describeTwoNodes('hostile peers between two nodes', (nodes) => {
  const { served, onHolder, calling, cards } = nodes;

  test('a holder that says and posts what it should not is refused, and hinders nobody', async () => {
    const { driver, lease } = await served();
    const victim = await driver.acquire({ minBytes: 2 * slotBytes });
    await victim.serve();
    const pattern = new Uint8Array(slotBytes).fill(0x5a);
    await victim.write(slotBytes, pattern);
    const client = await calling(lease, callsAtOnce);
    const quiet = await cards();
    const hostile = onHolder('hostile-control', [victim.url, lease.url]);
    await hostile.hear('attacking');
    let over = false;
    const told = hostile.hear('answers').finally(() => {
      over = true;
    });
    let slowestMs = 0;
    let right = 0;
    while (!over) {
      client.tell('go');
      const called = await client.hear('called');
      expect(called).toMatchObject({ right: callsAtOnce });
      slowestMs = Math.max(slowestMs, Number(called['slowestMs']));
      right += callsAtOnce;
    }
    const { answers, slow } = await told;
    expect(otherThanMalformed(answers as Answers)).toEqual(otherAnswers);
    console.log(`${Object.keys(answers as Answers).length} attempts, these were slow: ${JSON.stringify(slow)}`);
    console.log(`${right} calls meanwhile, the slowest took ${slowestMs.toFixed(0)} ms`);
    const { open } = await hostile.hear('holding');
    client.tell('go');
    expect(await client.hear('called')).toMatchObject({ right: callsAtOnce });
    console.log(`${open} connections half open`);
    hostile.tell('leave');
    await hostile.ended;
    await settled(async () => expect((await cards())[0].qp).toBe(quiet[0].qp));
    expect(Buffer.compare(await victim.read(slotBytes, slotBytes), pattern)).toBe(0);
  });

  test('a client that takes no responses hinders nobody, and its lease can be revoked', async () => {
    const { driver, lease } = await served();
    const victim = await driver.acquire();
    await victim.serve();
    const client = await calling(lease, callsAtOnce);
    const deaf = onHolder('deaf-holder', [victim.url, `${2 * rdmaSendsMax}`]);
    await deaf.hear('deaf');
    client.tell('go');
    expect(await client.hear('called')).toMatchObject({ right: callsAtOnce });
    await deaf.hear('posted');
    expect(await victim.revoke()).toBe('torn-down');
  });
});
