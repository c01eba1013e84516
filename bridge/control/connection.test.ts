import fc from 'fast-check';
import { pack } from 'msgpackr';
import { beforeEach, describe, expect, test } from 'vitest';
import { type AttachmentLedger, MemoryAttachment, type MemoryCarrier, MemoryNetwork, VirtualClock } from '#sim';
import { Contention, DeadlineExceeded, Disconnected, FabricError, MalformedFrame, Unsupported } from '../errors.ts';
import { InvariantViolation } from '../invariant.ts';
import type { AgentId } from '../lease/lease-id.ts';
import { controlRequestMs } from '../limits.ts';
import { outcome } from '../world.test.support.ts';
import type { CarrierEvents } from './carrier.ts';
import { decodeMessage, encodeMessage } from './codec.ts';
import { type Answer, type ConnectionOwner, ControlConnection, type Reply } from './connection.ts';
import { helloOf } from './message.test.support.ts';
import { type Message, type Notice, protocolVersion, type Request, type RequestBody } from './messages.ts';

const here = '0000000000000001' as AgentId;
const there = '0000000000000002' as AgentId;
const lease = new Uint8Array(16).fill(7);
const describeLease: RequestBody = { type: 'describe', lease };
const attached = {
  type: 'attached',
  generation: 1,
  arenaBytes: 4096,
  leaseMs: 12.5,
  remainingMs: 12.5,
  slots: null,
  layout: { name: 'none', slotCount: 0, slotStride: 0 },
  offer: null,
} as const;
const done: Answer = { body: { type: 'done' } };

/** What a connection tells, and how it answers. */
class Owner implements ConnectionOwner {
  readonly requests: Request[] = [];
  readonly notices: Notice[] = [];
  readonly ends: FabricError[] = [];
  answer: (request: Request) => Answer = () => done;
  notice: (notice: Notice) => void = () => undefined;

  onRequest(request: Request): Answer {
    this.requests.push(request);
    return this.answer(request);
  }

  onNotice(notice: Notice): void {
    this.notices.push(notice);
    this.notice(notice);
  }

  onClose(error: FabricError): void {
    this.ends.push(error);
  }
}

let clock: VirtualClock;
let network: MemoryNetwork;
let ledger: AttachmentLedger;
let near: MemoryCarrier;
let far: MemoryCarrier;

beforeEach(async () => {
  clock = new VirtualClock({ readMs: 0 });
  network = new MemoryNetwork();
  ledger = { open: 0 };
  const accepted: MemoryCarrier[] = [];
  network.transport(clock).listen('there', (carrier) => accepted.push(carrier as MemoryCarrier));
  near = network.transport(clock).connect('there');
  await clock.settle();
  far = accepted[0] as MemoryCarrier;
});

interface End {
  readonly owner: Owner;
  readonly connection: ControlConnection;
}

function connect(carrier: MemoryCarrier, peer?: AgentId): End {
  const owner = new Owner();
  return { owner, connection: new ControlConnection(carrier, clock, owner, { self: here, peer }) };
}

/** The far end in the hands of the test: it sends what it likes, and notes what it hears. */
class Peer {
  readonly heard: Message[] = [];
  closed = false;

  constructor() {
    far.open({
      onMessage: (bytes) => this.heard.push(decodeMessage(bytes)),
      onClose: () => {
        this.closed = true;
      },
    });
  }

  greet(): this {
    return this.say(helloOf(there));
  }

  say(message: Message, attachments: MemoryAttachment[] = []): this {
    return this.sayBytes(encodeMessage(message), attachments);
  }

  sayBytes(bytes: Uint8Array, attachments: MemoryAttachment[] = []): this {
    far.send(bytes, attachments);
    for (const attachment of attachments) attachment.close();
    return this;
  }

  get lastSeq(): number {
    return (this.heard.at(-1) as Request).seq;
  }
}

const attachment = () => new MemoryAttachment('memory', ledger);

describe('a request', () => {
  test('is answered, and its answer’s attachments are the requester’s', async () => {
    const one = connect(near);
    const two = connect(far);
    const mine = attachment();
    two.owner.answer = () => ({ body: attached, attachments: [mine] });
    const reply = await clock.run(
      one.connection.request({ type: 'attach', lease, slots: 0, holder: new Uint8Array(16) }),
    );
    expect(reply.body).toEqual({ ...attached, seq: 1 });
    expect(two.owner.requests).toEqual([{ type: 'attach', lease, slots: 0, holder: new Uint8Array(16), seq: 1 }]);
    expect(ledger.open).toBe(2);
    for (const received of reply.attachments) received.close();
    expect(mine.closed).toBe(false);
    expect(ledger.open).toBe(1);
  });

  test('gets its own answer, whatever order they come in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7, 8], { minLength: 8 }), async (order) => {
        network = new MemoryNetwork();
        const accepted: MemoryCarrier[] = [];
        network.transport(clock).listen('there', (carrier) => accepted.push(carrier as MemoryCarrier));
        const { connection } = connect(network.transport(clock).connect('there'));
        await clock.settle();
        far = accepted[0] as MemoryCarrier;
        const peer = new Peer().greet();
        const replies = Promise.all(order.map(() => connection.request(describeLease)));
        await clock.settle();
        for (const seq of order) peer.say({ type: 'time', seq, remainingMs: seq });
        const bodies = (await clock.run(replies)).map(({ body }) => body);
        expect(bodies).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((seq) => ({ type: 'time', seq, remainingMs: seq })));
      }),
      { numRuns: 20 },
    );
  });

  test('that the peer refuses fails as it says', async () => {
    const one = connect(near);
    const two = connect(far);
    two.owner.answer = () => {
      throw new Contention('taken');
    };
    const reply = one.connection.request(describeLease);
    await expect(clock.run(reply)).rejects.toMatchObject({ code: 'Contention', message: 'taken' });
    expect([one.connection.closed, two.connection.closed]).toEqual([false, false]);
  });

  test('whose refusal is long is refused all the same', async () => {
    const one = connect(near);
    const two = connect(far);
    two.owner.answer = () => {
      throw new Error('€'.repeat(5000));
    };
    await expect(clock.run(one.connection.request(describeLease))).rejects.toMatchObject({ code: 'IoError' });
    expect(one.connection.closed).toBe(false);
  });

  test('keeps the process alive until it is answered', async () => {
    const { connection } = connect(near);
    const peer = new Peer().greet();
    await clock.settle();
    expect(near.keepsAlive).toBe(false);
    const replies = [connection.request(describeLease), connection.request(describeLease)];
    await clock.settle();
    expect(near.keepsAlive).toBe(true);
    peer.say({ type: 'done', seq: 1 });
    await clock.settle();
    expect(near.keepsAlive).toBe(true);
    peer.say({ type: 'done', seq: 2 });
    await clock.run(Promise.all(replies));
    expect(near.keepsAlive).toBe(false);
  });

  test('on a closed connection fails at once', async () => {
    const { connection } = connect(near);
    connection.close();
    await expect(connection.request(describeLease)).rejects.toBeInstanceOf(Disconnected);
  });
});

describe('an answer that does not come', () => {
  test('fails the request at its deadline, not before, and no other', async () => {
    const { connection } = connect(near);
    const peer = new Peer().greet();
    const failures: unknown[] = [];
    connection.request(describeLease).catch((error) => failures.push(error));
    await clock.advance(controlRequestMs - 1);
    const later = connection.request(describeLease);
    expect(failures).toEqual([]);
    await clock.advance(1);
    expect(failures).toEqual([expect.any(DeadlineExceeded)]);
    peer.say({ type: 'done', seq: 2 });
    expect((await clock.run(later)).body.type).toBe('done');
    expect([near.keepsAlive, clock.pending]).toEqual([false, 0]);
  });

  test('and then does is handed to who can undo it, once, without its attachments', async () => {
    const { connection } = connect(near);
    const peer = new Peer().greet();
    const late: Reply[] = [];
    const request = connection.request(describeLease, (reply) => late.push(reply));
    await expect(clock.run(request)).rejects.toBeInstanceOf(DeadlineExceeded);
    peer.say({ type: 'done', seq: 1 }, [attachment()]).say({ type: 'done', seq: 1 });
    await clock.settle();
    expect(late).toEqual([{ body: { type: 'done', seq: 1 }, attachments: [] }]);
    expect(ledger.open).toBe(0);
    expect(connection.closed).toBe(false);
  });

  test('and then does although nobody can undo it is dropped', async () => {
    const { connection } = connect(near);
    const peer = new Peer().greet();
    await expect(clock.run(connection.request(describeLease))).rejects.toBeInstanceOf(DeadlineExceeded);
    peer.say({ type: 'done', seq: 1 }, [attachment()]);
    await clock.settle();
    expect([connection.closed, ledger.open]).toEqual([false, 0]);
  });
});

describe('an answer that nobody asked for', () => {
  test.each([0, 2, 99, 2 ** 32 - 1])('with number %d is dropped, with its attachments', async (seq) => {
    const { connection } = connect(near);
    const peer = new Peer().greet();
    const reply = connection.request(describeLease);
    peer.say({ type: 'done', seq }, [attachment()]);
    await clock.settle();
    expect([connection.closed, ledger.open]).toEqual([false, 0]);
    peer.say({ type: 'done', seq: 1 });
    await clock.run(reply);
  });

  test('because it came before is dropped', async () => {
    const { connection } = connect(near);
    const peer = new Peer().greet();
    const reply = connection.request(describeLease);
    peer.say({ type: 'time', seq: 1, remainingMs: 1 }).say({ type: 'time', seq: 1, remainingMs: 2 }, [attachment()]);
    expect((await clock.run(reply)).body).toEqual({ type: 'time', seq: 1, remainingMs: 1 });
    await clock.settle();
    expect([connection.closed, ledger.open]).toEqual([false, 0]);
  });
});

describe('the greeting', () => {
  test('is sent first, and once', async () => {
    connect(near);
    const peer = new Peer();
    await clock.settle();
    expect(peer.heard).toEqual([helloOf(here)]);
  });

  test('of another version is refused, with the reason', async () => {
    const { owner, connection } = connect(near);
    const peer = new Peer().sayBytes(pack({ type: 'hello', version: protocolVersion + 1, news: 'of another version' }));
    await clock.settle();
    expect(owner.ends).toEqual([expect.any(Unsupported)]);
    expect(connection.closed).toBe(true);
    expect(peer.heard.at(-1)).toEqual({
      type: 'refused',
      seq: 0,
      code: 'Unsupported',
      message: expect.stringMatching(new RegExp(`protocol ${protocolVersion + 1}.* ${protocolVersion}`)),
    });
    expect(peer.closed).toBe(true);
  });

  test('of the agent that was meant is fine', async () => {
    const { owner, connection } = connect(near, there);
    new Peer().greet();
    await clock.settle();
    expect([connection.closed, owner.ends]).toEqual([false, []]);
  });

  test('of another agent than was meant is the end: it was restarted, and what it answers is not for us', async () => {
    const { owner, connection } = connect(near, '00000000000000ff' as AgentId);
    const reply = outcome(connection.request(describeLease));
    const peer = new Peer().greet().say({ type: 'done', seq: 1 });
    expect(await clock.run(reply)).toMatchObject({
      reason: { code: 'Disconnected', message: expect.stringMatching(/restarted/) },
    });
    await clock.settle();
    expect(owner.ends).toEqual([expect.any(Disconnected)]);
    // It broke no rule, and is not blamed.
    expect([peer.closed, peer.heard.map(({ type }) => type)]).toEqual([true, ['hello', 'describe']]);
  });

  test('tells the carrier, once it is valid, that this is no stranger', async () => {
    let greeted = 0;
    near.greeted = () => {
      greeted += 1;
    };
    connect(near);
    await clock.settle();
    expect(greeted).toBe(0);
    new Peer().greet();
    await clock.settle();
    expect(greeted).toBe(1);
  });

  test.each([
    { type: 'describe', lease, seq: 1 },
    { type: 'done', seq: 1 },
    { type: 'renewed', lease, generation: 1 },
  ] as Message[])('may not be left out: $type is refused', async (message) => {
    const { owner } = connect(near);
    const peer = new Peer().say(message, [attachment()]);
    await clock.settle();
    expect(owner.ends).toEqual([expect.any(MalformedFrame)]);
    expect([owner.requests, owner.notices]).toEqual([[], []]);
    expect(peer.heard.at(-1)).toMatchObject({ type: 'refused', seq: 0, code: 'MalformedFrame' });
    expect(ledger.open).toBe(0);
  });
});

test.each([
  helloOf(),
  { type: 'done', seq: 1 },
  { type: 'time', seq: 1, remainingMs: 1 },
  { type: 'refused', seq: 1, code: 'Contention', message: 'taken' },
] as Message[])('descriptors beside $type, which has none, are closed', async (message) => {
  const { connection } = connect(near);
  const peer = new Peer().greet();
  const reply = outcome(connection.request(describeLease));
  peer.say(message, [attachment(), attachment()]).say({ type: 'done', seq: 1 });
  await clock.run(reply);
  expect([connection.closed, ledger.open]).toEqual([false, 0]);
});

describe('a peer that breaks the protocol', () => {
  test('by nonsense is told so, and gets no further', async () => {
    const { owner, connection } = connect(near);
    const reply = connection.request(describeLease);
    const peer = new Peer().greet().sayBytes(Uint8Array.of(0xc1), [attachment()]);
    await expect(clock.run(reply)).rejects.toBeInstanceOf(MalformedFrame);
    peer.say({ type: 'done', seq: 1 }, [attachment()]);
    await clock.settle();
    expect(owner.ends).toEqual([expect.any(MalformedFrame)]);
    expect(peer.heard.at(-1)).toMatchObject({ type: 'refused', seq: 0, code: 'MalformedFrame' });
    expect([peer.closed, ledger.open]).toEqual([true, 0]);
  });

  test('by any bytes at all ends its connection, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 5 }), async (frames) => {
        network = new MemoryNetwork();
        const accepted: MemoryCarrier[] = [];
        network.transport(clock).listen('there', (carrier) => accepted.push(carrier as MemoryCarrier));
        const { owner } = connect(network.transport(clock).connect('there'));
        await clock.settle();
        far = accepted[0] as MemoryCarrier;
        const peer = new Peer().greet();
        for (const frame of frames) peer.sayBytes(frame, [attachment()]);
        await clock.settle();
        expect(owner.ends).toHaveLength(1);
        expect(owner.ends[0]).toBeInstanceOf(FabricError);
        expect(ledger.open).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  test('by attaching descriptors to a request is refused, and they are closed', async () => {
    const { owner } = connect(near);
    const peer = new Peer().greet().say({ type: 'describe', lease, seq: 1 }, [attachment(), attachment()]);
    await clock.settle();
    expect(owner.requests).toEqual([]);
    expect(owner.ends).toEqual([expect.any(MalformedFrame)]);
    expect([peer.closed, ledger.open]).toEqual([true, 0]);
  });

  test('by a notice from the wrong side ends as its owner decides', async () => {
    const { owner, connection } = connect(near);
    owner.notice = (notice) => {
      throw new MalformedFrame(`a holder sends no ${notice.type}`);
    };
    const peer = new Peer().greet().say({ type: 'renewed', lease, generation: 1 }, [attachment()]);
    await clock.settle();
    expect(connection.closed).toBe(true);
    expect(owner.ends).toEqual([expect.objectContaining({ message: 'a holder sends no renewed' })]);
    expect([peer.closed, ledger.open]).toEqual([true, 0]);
  });

  test('is not blamed for a bug on this side: a broken invariant is thrown', async () => {
    const { owner } = connect(near);
    owner.answer = () => {
      throw new InvariantViolation('a bug');
    };
    new Peer().greet().say({ type: 'describe', lease, seq: 1 });
    await expect(clock.settle()).rejects.toThrow(InvariantViolation);
  });
});

describe('a notice', () => {
  test.each([
    { type: 'renewed', lease, generation: 1 },
    { type: 'ended', lease, generation: 1, reason: 'revoked' },
  ] as Notice[])('$type reaches the owner, its attachments are closed', async (notice) => {
    const { owner, connection } = connect(near);
    new Peer().greet().say(notice, [attachment()]);
    await clock.settle();
    expect(owner.notices).toEqual([notice]);
    expect([connection.closed, ledger.open]).toEqual([false, 0]);
  });

  test('is sent as it is, and not at all once closed', async () => {
    const { connection } = connect(near);
    const peer = new Peer();
    connection.notify({ type: 'renewed', lease, generation: 2 });
    await clock.settle();
    connection.close();
    connection.notify({ type: 'renewed', lease, generation: 3 });
    await clock.settle();
    expect(peer.heard.slice(1)).toEqual([{ type: 'renewed', lease, generation: 2 }]);
  });
});

describe('the end', () => {
  test('by the peer, mid-request, fails what is unanswered, and the owner hears of it once', async () => {
    const { owner, connection } = connect(near);
    new Peer().greet();
    const replies = Promise.allSettled([connection.request(describeLease), connection.request(describeLease)]);
    await clock.settle();
    far.close();
    const failed = { status: 'rejected', reason: expect.any(Disconnected) };
    expect(await clock.run(replies)).toEqual([failed, failed]);
    expect(owner.ends).toEqual([expect.any(Disconnected)]);
    await clock.advance(2 * controlRequestMs);
    expect(owner.ends).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  test('by failure says what failed', async () => {
    const { owner } = connect(near);
    const failure = new Error('ECONNRESET');
    near.fail(failure);
    await clock.settle();
    expect(owner.ends).toEqual([expect.objectContaining({ code: 'Disconnected', cause: failure })]);
  });

  test('by a refusal says what the peer said', async () => {
    const { owner, connection } = connect(near);
    const reply = connection.request(describeLease);
    new Peer().greet().say({ type: 'refused', seq: 0, code: 'Unsupported', message: 'not you' });
    await expect(clock.run(reply)).rejects.toMatchObject({ code: 'Unsupported', message: 'not you' });
    expect(owner.ends).toEqual([expect.objectContaining({ code: 'Unsupported', message: 'not you' })]);
  });

  test('by closing here fails what is unanswered; the owner, who did it, is not told', async () => {
    const { owner, connection } = connect(near);
    const peer = new Peer().greet();
    const reply = connection.request(describeLease);
    connection.close();
    connection.close();
    await expect(clock.run(reply)).rejects.toBeInstanceOf(Disconnected);
    await clock.settle();
    expect(owner.ends).toEqual([]);
    expect([connection.closed, peer.closed]).toEqual([true, true]);
  });

  test('of a peer that answered and then went brings the answer', async () => {
    const { connection } = connect(near);
    const peer = new Peer().greet();
    const reply = connection.request(describeLease);
    await clock.settle();
    peer.say({ type: 'done', seq: peer.lastSeq });
    far.close();
    expect((await clock.run(reply)).body.type).toBe('done');
    expect(connection.closed).toBe(true);
  });

  test('is the end, although the carrier goes on telling', () => {
    let events: CarrierEvents | undefined;
    const nothing = () => undefined;
    const open = (given: CarrierEvents) => {
      events = given;
    };
    const owner = new Owner();
    const told = { send: nothing, pump: nothing, greeted: nothing, keepAlive: nothing, close: nothing };
    const carrier = { carriesAttachments: true, open, ...told };
    const connection = new ControlConnection(carrier, clock, owner, { self: here });
    events?.onMessage(encodeMessage(helloOf()), []);
    connection.close();
    const late = attachment();
    events?.onMessage(encodeMessage({ type: 'renewed', lease, generation: 1 }), [late]);
    events?.onClose(undefined);
    expect([owner.notices, owner.ends, late.closed]).toEqual([[], [], true]);
  });

  test('by the owner, while it is told something, is the end', async () => {
    const { owner, connection } = connect(near);
    owner.notice = () => connection.close();
    const peer = new Peer()
      .greet()
      .say({ type: 'renewed', lease, generation: 1 })
      .say({ type: 'describe', lease, seq: 1 })
      .say({ type: 'renewed', lease, generation: 2 }, [attachment()]);
    await clock.settle();
    expect(owner.notices).toHaveLength(1);
    expect(owner.requests).toEqual([]);
    expect([peer.closed, ledger.open, owner.ends.length]).toEqual([true, 0, 0]);
  });
});
