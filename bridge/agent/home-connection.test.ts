import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { MemoryAttachment, type MemoryCarrier, type Process, World } from '#sim';
import { decodeMessage, encodeMessage } from '../control/codec.ts';
import { anyMessage, helloOf } from '../control/message.test.support.ts';
import type { Attached, Message, Request, Response, ResponseBody } from '../control/messages.ts';
import { FabricError, MalformedFrame, Revoked } from '../errors.ts';
import type { HeldLease } from '../lease/held-lease.ts';
import { type AgentId, agentOf, type LeaseId, leaseIdToBytes } from '../lease/lease-id.ts';
import { SharedHomeLink } from '../plane/shared-link.ts';
import { granted, outcome } from '../world.test.support.ts';

const id = '0123456789abcdef0123456789abcdef' as LeaseId;
const lease = leaseIdToBytes(id);

const requestTypes = new Set<Message['type']>(['attach', 'detach', 'renew', 'remaining', 'describe']);

let world: World;
let holder: Process;
let home: RawHome;

/** A home in the hands of the test. */
class RawHome {
  carrier: MemoryCarrier | undefined;
  agent: AgentId = agentOf(id);
  readonly heard: Message[] = [];
  answer: (request: Request) => { body: ResponseBody; attachments?: MemoryAttachment[] } | undefined = () => undefined;

  constructor() {
    world.network.transport(world.clock).listen('home', (carrier) => {
      this.carrier = carrier as MemoryCarrier;
      carrier.open({ onMessage: (bytes) => this.#hear(decodeMessage(bytes)), onClose: () => undefined });
      this.say(helloOf(this.agent));
    });
  }

  say(message: Message, attachments: MemoryAttachment[] = []): void {
    this.carrier?.send(encodeMessage(message), attachments);
    for (const attachment of attachments) attachment.close();
  }

  #hear(message: Message): void {
    this.heard.push(message);
    if (!requestTypes.has(message.type)) return;
    const answer = this.answer(message as Request);
    if (answer === undefined) return;
    this.say({ ...answer.body, seq: (message as Request).seq } as Response, answer.attachments ?? []);
  }
}

const attach = (slots = 0) => holder.agent.attach(id, { slots }, 'home');
const attachment = (resource: unknown = 'nothing') => new MemoryAttachment(resource, world.machine.attachments);

const attached: Attached = {
  type: 'attached',
  generation: 1,
  arenaBytes: 4096,
  leaseMs: 60_000,
  remainingMs: 60_000,
  slots: null,
  layout: { name: 'none', slotCount: 0, slotStride: 0 },
  offer: null,
};

/** The memory of a lease that was really granted, so that only what a test says is wrong. */
function realMemory(): { memory: MemoryAttachment; body: Attached; id: LeaseId } {
  const { lease: real } = granted();
  const [memory] = real.grantTo(new SharedHomeLink(), undefined).attachments as MemoryAttachment[];
  home.agent = agentOf(real.id);
  return { memory: memory as MemoryAttachment, body: { ...attached, arenaBytes: real.arenaBytes }, id: real.id };
}

beforeEach(() => {
  world = new World(1, { readMs: 0 });
  holder = world.process();
  home = new RawHome();
});

describe('an answer to attach', () => {
  test('of another kind is refused, and what it brought is closed', async () => {
    home.answer = () => ({ body: { type: 'done' }, attachments: [attachment(), attachment()] });
    await expect(world.clock.run(attach())).rejects.toBeInstanceOf(MalformedFrame);
    expect(world.machine.attachments.open).toBe(0);
  });

  test.each([0, 1, 2, 3])('with %d descriptors of nothing is refused, and they are closed', async (count) => {
    home.answer = () => ({ body: attached, attachments: Array.from({ length: count }, () => attachment()) });
    await expect(world.clock.run(attach())).rejects.toBeInstanceOf(MalformedFrame);
    expect(world.machine.attachments.open).toBe(0);
    expect(holder.agent.metrics.leasesActive).toBe(0);
  });

  test('with the memory of another lease is refused', async () => {
    const { memory, body, id: real } = realMemory();
    home.answer = () => ({ body, attachments: [attachment(memory.resource)] });
    const other = `${agentOf(real)}${'0'.repeat(16)}` as LeaseId;
    const refused = holder.agent.attach(other, { slots: 0 }, 'home');
    await expect(world.clock.run(refused)).rejects.toThrow('wrong lease id');
    expect(world.machine.attachments.open).toBe(0);
  });

  test('that claims another size than the memory has is refused', async () => {
    const { memory, body, id: real } = realMemory();
    for (const arenaBytes of [0, 4096, body.arenaBytes - 4096, body.arenaBytes + 1, 2 ** 31]) {
      home.answer = () => ({ body: { ...body, arenaBytes }, attachments: [attachment(memory.resource)] });
      const refused = holder.agent.attach(real, { slots: 0 }, 'home');
      await expect(world.clock.run(refused)).rejects.toBeInstanceOf(MalformedFrame);
    }
  });

  test('of another generation than the memory’s is refused', async () => {
    const { memory, body, id: real } = realMemory();
    home.answer = () => ({ body: { ...body, generation: 2 }, attachments: [attachment(memory.resource)] });
    const refused = holder.agent.attach(real, { slots: 0 }, 'home');
    await expect(world.clock.run(refused)).rejects.toBeInstanceOf(Revoked);
  });

  test('that is wrong in any way at all fails with a FabricError, and leaves nothing open', async () => {
    await fc.assert(
      fc.asyncProperty(anyMessage, fc.nat(4), async (answer, count) => {
        home.answer = (request) => {
          home.say({ ...answer, ...('seq' in answer ? { seq: request.seq } : {}) } as Message, [
            ...Array.from({ length: count }, () => attachment()),
          ]);
          return undefined;
        };
        const result = await world.clock.run(outcome(attach()));
        expect(result).toMatchObject({ status: 'rejected', reason: expect.any(FabricError) });
        expect(world.machine.attachments.open).toBe(0);
      }),
      { numRuns: 100 },
    );
  });
});

describe('what a home may not ask', () => {
  test('a request is refused, and the connection stays', async () => {
    home.answer = () => undefined;
    const attaching = outcome(attach());
    await world.clock.settle();
    home.say({ type: 'describe', seq: 77, lease });
    await world.clock.settle();
    expect(home.heard.at(-1)).toMatchObject({ type: 'refused', seq: 77, code: 'MalformedFrame' });
    home.carrier?.close();
    expect(await world.clock.run(attaching)).toMatchObject({ reason: { code: 'Disconnected' } });
  });
});

describe('a notice', () => {
  async function held(): Promise<{ held: HeldLease; real: Uint8Array }> {
    const { memory, body, id: real } = realMemory();
    home.answer = ({ type }) => {
      if (type === 'attach') return { body, attachments: [attachment(memory.resource)] };
      return { body: { type: 'time', remainingMs: 600_000 } };
    };
    const lease = await world.clock.run(holder.agent.attach(real, { slots: 0 }, 'home'));
    return { held: lease, real: leaseIdToBytes(real) };
  }

  test('of a renewal is only a reason to ask', async () => {
    const { held: lease, real } = await held();
    home.say({ type: 'renewed', lease: real, generation: 1 });
    await world.clock.settle();
    expect(home.heard.at(-1)).toMatchObject({ type: 'remaining', generation: 1 });
    expect(lease.remainingMs).toBeGreaterThan(590_000);
  });

  test('of another lease, or another generation, is none', async () => {
    const { held: lease, real } = await held();
    const { length } = home.heard;
    home.say({ type: 'ended', lease: new Uint8Array(16), generation: 1, reason: 'revoked' });
    home.say({ type: 'ended', lease: real, generation: 2, reason: 'revoked' });
    home.say({ type: 'ended', lease: real, generation: 0, reason: 'revoked' });
    home.say({ type: 'renewed', lease: real, generation: 2 });
    await world.clock.settle();
    expect(lease.status).toBe('active');
    expect(home.heard).toHaveLength(length);
  });

  test('of the end ends it as it says', async () => {
    const { held: lease, real } = await held();
    home.say({ type: 'ended', lease: real, generation: 1, reason: 'fenced' });
    home.say({ type: 'ended', lease: real, generation: 1, reason: 'released' });
    await world.clock.settle();
    expect(lease.status).toBe('fenced');
  });
});
