// node hostile-control.js <lease> <other lease>: what no home should take of a holder over RDMA, on the control connection.
// Says `answers`: for each attempt, what the last thing it sent was answered with. Then opens connections that say nothing,
// or no more than hello, as many as the home takes, and says `holding`; leaves at a line on stdin.
import { randomBytes } from 'node:crypto';
import { pack } from 'msgpackr';
import { RemoteRegion } from '#native';
import type { RequestBody } from '../../bridge/control/messages.ts';
import { leaseIdToBytes } from '../../bridge/lease/lease-id.ts';
import { encode, type RegionName } from '../../bridge/plane/rdma/rdma-messages.ts';
import { RawControl, type Target, targetOf } from './raw-control.ts';
import { RawCard, RawSession, Refused } from './raw-rdma.ts';
import { argument, hear, say } from './voice.ts';

const halfOpenCount = 300;
/** An attempt that takes longer is told of. */
const slowMs = 500;
const target = targetOf(argument(0));
const other = targetOf(argument(1));
const card = new RawCard();
const { gid, lid } = card.context.attributes;
const lease = leaseIdToBytes(target.lease);

const endpoint = { number: 4711, packetSequence: 1, gid, lid, mtuBytes: 1024, readsMax: 1 };
const test: RegionName = { address: 4096n, rkey: 1 };
const connect = { op: 'connect', endpoint, test };
const connectTo = (changes: object) => ({ ...connect, endpoint: { ...endpoint, ...changes } });
const plane = (body: object | Uint8Array): RequestBody => {
  return { type: 'plane', body: body instanceof Uint8Array ? body : Uint8Array.from(pack(body)) };
};

/** On the same network. */
function gidOfNobody(): Uint8Array {
  const changed = gid.slice();
  changed[15] = 99;
  return changed;
}

/** Sends each on one connection of its own, after hello, and tells the last answer. */
async function sent(...bodies: readonly RequestBody[]): Promise<string> {
  const control = await RawControl.greet(target.address);
  let last = 'nothing';
  for (const [index, body] of bodies.entries()) {
    const answer = await control.ask(body, index + 1);
    last = answer === undefined ? 'closed' : answer.type === 'refused' ? answer.code : answer.type;
  }
  control.close();
  return last;
}

/** What a session that was opened properly is told for what it does then. */
async function inSession(work: (session: RawSession) => Promise<unknown>): Promise<string> {
  const session = await RawSession.open(card, target);
  try {
    await work(session);
    return 'done';
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return error.name;
  } finally {
    session.close();
  }
}

const mirrorOf = ({ region }: RawSession): RegionName => ({ address: region.address, rkey: region.rkey });

/** A key of one session over the queue pair of another: told is the status of its completion. */
async function foreignKey(work: (session: RawSession, home: RemoteRegion) => unknown): Promise<string> {
  const owner = await RawSession.open(card, target);
  const { home } = await owner.attach(target, 0);
  const thief = await RawSession.open(card, target);
  work(thief, home);
  await thief.settled();
  thief.close();
  // The owner's session has not suffered.
  owner.bytes.fill(0, 0, 8);
  owner.pair.write(owner.region, 0, 8, home, 0, 1);
  await owner.settled();
  owner.close();
  return `status ${thief.failure}, owner ${owner.failure ?? 'fine'}`;
}

/** A region of the home's that nobody has offered, by guessing keys around one that was. */
async function guessedKeys(): Promise<string> {
  const statuses = new Set<number | undefined>();
  for (const guess of [1, 0x100, -0x100, 0x200, 0x1000]) {
    const session = await RawSession.open(card, target);
    const { home } = await session.attach(target, 0);
    const elsewhere = new RemoteRegion(home.address, (home.rkey + guess) >>> 0, home.bytes);
    session.pair.write(session.region, 0, 64, elsewhere, 0, 1);
    await session.settled();
    statuses.add(session.failure);
    session.close();
  }
  return `status ${[...statuses].join(' ')}`;
}

const attempts: Readonly<Record<string, () => Promise<string>>> = {
  'no msgpack': () => sent(plane(Uint8Array.of(0xc1, 0xff, 0x00))),
  nothing: () => sent(plane(new Uint8Array(0))),
  'a map that promises more than it has': () => sent(plane(Uint8Array.of(0xdf, 0xff, 0xff, 0xff, 0xff))),
  'deep nesting': () => sent(plane(new Uint8Array(1000).fill(0x91))),
  'half a connect': () => sent(plane(encode(connect as never).subarray(0, 40))),
  'more than a connect': () => sent(plane(Uint8Array.of(...encode(connect as never), 0xc0))),
  'a body too long': () => sent(plane(new Uint8Array(1025))),
  'an unknown op': () => sent(plane({ op: 'conquer', endpoint, test })),
  'no op': () => sent(plane({ endpoint, test })),
  'a field more': () => sent(plane({ ...connect, also: 1 })),
  'an mtu of 0': () => sent(plane(connectTo({ mtuBytes: 0 }))),
  'an mtu of 4097': () => sent(plane(connectTo({ mtuBytes: 4097 }))),
  'a number of 2^24': () => sent(plane(connectTo({ number: 2 ** 24 }))),
  'a negative number': () => sent(plane(connectTo({ number: -1 }))),
  'half a number': () => sent(plane(connectTo({ number: 0.5 }))),
  'a packet sequence of 2^24': () => sent(plane(connectTo({ packetSequence: 2 ** 24 }))),
  'a gid of 15 bytes': () => sent(plane(connectTo({ gid: new Uint8Array(15) }))),
  'a gid of 4096 bytes': () => sent(plane(connectTo({ gid: new Uint8Array(900) }))),
  'readsMax of 2^31': () => sent(plane(connectTo({ readsMax: 2 ** 31 }))),
  'a lid of 2^16': () => sent(plane(connectTo({ lid: 2 ** 16 }))),
  'a test region at the end of the address space': () =>
    sent(plane({ ...connect, test: { address: 2n ** 64n - 8n, rkey: 1 } })),
  'a gid of zeros': () => sent(plane(connectTo({ gid: new Uint8Array(16) }))),
  'a multicast gid': () => sent(plane(connectTo({ gid: Uint8Array.of(255, ...new Uint8Array(15)) }))),
  'a gid of a host that is not there': () => sent(plane(connectTo({ gid: gidOfNobody() }))),
  'a gid that no route leads to': () =>
    sent(plane(connectTo({ gid: Uint8Array.of(...gid.subarray(0, 12), 192, 0, 2, 1) }))),
  'connect twice': () => sent(plane(connect), plane(connect)),
  'connect after one that was refused by the card': () =>
    sent(plane(connectTo({ gid: new Uint8Array(16) })), plane(connect)),
  'test before connect': () => sent(plane({ op: 'test', nonce: randomBytes(16) })),
  'the wrong nonce': () => sent(plane(connect), plane({ op: 'test', nonce: randomBytes(16) })),
  'a nonce of 15 bytes': () => sent(plane(connect), plane({ op: 'test', nonce: new Uint8Array(15) })),
  'mirror before test': () =>
    sent(
      { type: 'attach', lease, slots: 1, holder: randomBytes(16) },
      plane(connect),
      plane({ op: 'mirror', binding: 1, region: { address: 4096n, rkey: 1 } }),
    ),
  'mirror of a binding that is not there': () =>
    inSession((session) => session.askPlane({ op: 'mirror', binding: 1, region: mirrorOf(session) })),
  'mirror of a binding without a slot': () =>
    inSession(async (session) => {
      const { binding } = await session.attach(target, 0);
      await session.askPlane({ op: 'mirror', binding, region: mirrorOf(session) });
    }),
  "mirror of another session's binding": () =>
    inSession(async (session) => {
      const { binding } = await session.attach(target, 1);
      const thief = await RawSession.open(card, target);
      try {
        await thief.askPlane({ op: 'mirror', binding, region: mirrorOf(thief) });
      } finally {
        thief.close();
      }
    }),
  'a mirror beyond the end of the address space': () =>
    inSession(async (session) => {
      const { binding } = await session.attach(target, 1);
      await session.askPlane({ op: 'mirror', binding, region: { address: 2n ** 64n - 4096n, rkey: 1 } });
    }),
  'mirror twice': () =>
    inSession(async (session) => {
      const { binding } = await session.attach(target, 1);
      await session.askPlane({ op: 'mirror', binding, region: mirrorOf(session) });
      await session.askPlane({ op: 'mirror', binding, region: mirrorOf(session) });
    }),
  'unbind of what was never bound': () => inSession((session) => session.askPlane({ op: 'unbind', binding: 77 })),
  'a stale generation': () =>
    sent({ type: 'attach', lease, slots: 0, holder: randomBytes(16) }, { type: 'detach', lease, generation: 9 }),
  'attach twice': () =>
    inSession(async (session) => {
      await session.attach(target, 0);
      await session.attach(target, 0);
    }),
  "a key of another session's": () => foreignKey(({ pair, region }, home) => pair.write(region, 0, 64, home, 0, 1)),
  "a read by a key of another session's": () =>
    foreignKey(({ pair, region }, home) => pair.read(region, 0, 64, home, 0, 1)),
  "an addition by a key of another session's": () =>
    foreignKey(({ pair, region }, home) => pair.fetchAdd(region, 0, home, 0, 1n, 1)),
  'guessed keys': guessedKeys,
};

async function attempted(): Promise<{ answers: Record<string, string>; slow: Record<string, number> }> {
  const answers: Record<string, string> = {};
  const slow: Record<string, number> = {};
  for (const [name, attempt] of Object.entries(attempts)) {
    const fromMs = performance.now();
    answers[name] = await attempt();
    const tookMs = performance.now() - fromMs;
    if (tookMs > slowMs) slow[name] = Math.round(tookMs);
  }
  return { answers, slow };
}

/** By turns one that says nothing, one that says hello, and one that has half a session. */
async function halfOpen({ address }: Target): Promise<RawControl[]> {
  const open: RawControl[] = [];
  for (let index = 0; index < halfOpenCount; index++) {
    const control = index % 3 === 0 ? await RawControl.dial(address) : await RawControl.greet(address);
    if (index % 30 === 2) await control.ask(plane(connect));
    open.push(control);
  }
  return open;
}

say('attacking');
say('answers', await attempted());
const open = await halfOpen(other);
say('holding', { open: open.filter((control) => !control.closed).length });
await hear();
process.exit(0);
