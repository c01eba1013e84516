import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MemoryAttachment, MemoryCarrier, World } from '#sim';
import { decodeMessage, encodeMessage } from '../control/codec.ts';
import { anyMessage, helloOf } from '../control/message.test.support.ts';
import type { Message, Request, Response } from '../control/messages.ts';
import { type LeaseId, leaseIdToBytes } from '../lease/lease-id.ts';
import { leaseMsMax } from '../limits.ts';
import { RpcServer } from '../rpc/server.ts';
import { granted, type Scene, servedScene } from '../world.test.support.ts';

/** A holder in the hands of the test: it sends what it likes, and notes what it hears. */
class RawHolder {
  readonly heard: Message[] = [];
  readonly attachments: MemoryAttachment[] = [];
  closed = false;
  readonly #carrier: MemoryCarrier;
  readonly #world: World;

  constructor({ world, home }: Scene) {
    this.#world = world;
    this.#carrier = world.network.transport(world.clock).connect(home.agent.address);
    this.#carrier.open({
      onMessage: (bytes, attachments) => {
        this.heard.push(decodeMessage(bytes));
        this.attachments.push(...(attachments as MemoryAttachment[]));
      },
      onClose: () => {
        this.closed = true;
      },
    });
    this.say(helloOf());
  }

  say(message: Message): void {
    this.#carrier.send(encodeMessage(message), []);
  }

  /** What is answered to a request. */
  async ask(request: Request): Promise<Response> {
    this.say(request);
    await this.#world.clock.settle();
    return this.heard.find((message) => 'seq' in message && message.seq === request.seq) as Response;
  }

  leave(): void {
    this.#carrier.close();
  }
}

const refusal = (code: string) => ({ type: 'refused', code });
const keyOf = (holder: number) => new Uint8Array(16).fill(holder);

describe('a holder that has not attached', () => {
  test.each([
    ['remaining', {}],
    ['renew', { leaseMs: 1000 }],
    ['detach', {}],
  ] as const)('gets no answer to %s, and does nothing by it', async (type, more) => {
    const scene = await servedScene();
    const { lease } = scene;
    const raw = new RawHolder(scene);
    const request = { type, seq: 1, lease: leaseIdToBytes(lease.id), generation: 1, ...more } as Request;
    expect(await raw.ask(request)).toMatchObject(refusal('MalformedFrame'));
    expect([lease.freeSlotCount, lease.remainingMs]).toEqual([0, 60_000]);
  });

  test('may ask what a lease offers', async () => {
    const scene = await servedScene();
    const raw = new RawHolder(scene);
    const lease = leaseIdToBytes(scene.lease.id);
    expect(await raw.ask({ type: 'describe', seq: 1, lease })).toMatchObject({ type: 'description', freeSlots: 0 });
    expect(raw.attachments).toEqual([]);
  });
});

describe('a holder that has attached', () => {
  async function attached(): Promise<{ scene: Scene; raw: RawHolder; lease: Uint8Array }> {
    const scene = granted({ leaseMs: 60_000 });
    const raw = new RawHolder(scene);
    const lease = leaseIdToBytes(scene.lease.id);
    expect(await raw.ask({ type: 'attach', seq: 1, lease, slots: 0, holder: keyOf(1) })).toMatchObject({
      type: 'attached',
    });
    return { scene, raw, lease };
  }

  test('gets no slot where there are none, though it wants one', async () => {
    const scene = granted();
    const raw = new RawHolder(scene);
    const lease = leaseIdToBytes(scene.lease.id);
    expect(await raw.ask({ type: 'attach', seq: 1, lease, slots: 1, holder: keyOf(1) })).toMatchObject({
      slots: null,
    });
    expect(raw.attachments).toHaveLength(1);
  });

  test('may not attach again over the same connection', async () => {
    const { raw, lease } = await attached();
    expect(await raw.ask({ type: 'attach', seq: 2, lease, slots: 0, holder: keyOf(1) })).toMatchObject(
      refusal('Contention'),
    );
  });

  test('of another generation is told so', async () => {
    const { scene, raw, lease } = await attached();
    for (const [index, generation] of [0, 2, Number.MAX_SAFE_INTEGER].entries()) {
      const answer = await raw.ask({ type: 'renew', seq: 2 + index, lease, generation, leaseMs: 600_000 });
      expect(answer).toMatchObject(refusal('Revoked'));
    }
    expect(scene.lease.remainingMs).toBe(60_000);
  });

  test.each([0, 0.5, 9.99, leaseMsMax + 1])('and renews it for %d ms is refused, and hurts nobody', async (leaseMs) => {
    const { scene, raw, lease } = await attached();
    raw.say({ type: 'renew', seq: 2, lease, generation: 1, leaseMs });
    await scene.world.clock.settle();
    expect(raw.heard.at(-1)).toMatchObject({ ...refusal('MalformedFrame'), seq: 0 });
    expect(raw.closed).toBe(true);
    expect(scene.lease.remainingMs).toBe(60_000);
    const other = new RawHolder(scene);
    expect(await other.ask({ type: 'attach', seq: 1, lease, slots: 1, holder: keyOf(1) })).toMatchObject({
      type: 'attached',
    });
    expect(await other.ask({ type: 'renew', seq: 2, lease, generation: 1, leaseMs: leaseMsMax })).toMatchObject({
      type: 'time',
      remainingMs: leaseMsMax,
    });
  });

  test('and renews what the stopped home should have ended is refused', async () => {
    const { scene, raw, lease } = await attached();
    scene.home.freeze();
    await scene.world.clock.advance(60_000);
    raw.say({ type: 'renew', seq: 2, lease, generation: 1, leaseMs: 60_000 });
    scene.home.thaw();
    await scene.world.clock.settle();
    expect(scene.lease.status).toBe('expired');
    expect(raw.heard.at(-1)).toMatchObject(refusal('Revoked'));
  });

  test('hears how it ended, once, and nothing after it', async () => {
    const { scene, raw, lease } = await attached();
    await scene.lease.renew();
    await scene.lease.revoke();
    await scene.world.clock.advance(100_000);
    const notices = raw.heard.filter(({ type }) => type === 'renewed' || type === 'ended');
    expect(notices).toEqual([
      { type: 'renewed', lease, generation: 1 },
      { type: 'ended', lease, generation: 1, reason: 'revoked' },
    ]);
    expect(await raw.ask({ type: 'remaining', seq: 9, lease, generation: 1 })).toMatchObject(refusal('Revoked'));
  });

  test('and detaches hears no more', async () => {
    const { scene, raw, lease } = await attached();
    expect(await raw.ask({ type: 'detach', seq: 2, lease, generation: 1 })).toEqual({ type: 'done', seq: 2 });
    const { length } = raw.heard;
    await scene.lease.renew();
    await scene.lease.revoke();
    await scene.world.clock.settle();
    expect(raw.heard).toHaveLength(length);
  });
});

describe('a holder’s key', () => {
  interface Sessions {
    readonly scene: Scene;
    readonly lost: RawHolder;
    readonly raw: RawHolder;
    readonly attach: (seq: number, holder: Uint8Array) => Request;
  }

  const key = keyOf(7);

  /** A lease whose only slot a session has, of which its holder may not even have heard; and another session. */
  async function sessions(): Promise<Sessions> {
    const scene = granted();
    new RpcServer(scene.lease);
    const lease = leaseIdToBytes(scene.lease.id);
    const attach = (seq: number, holder: Uint8Array): Request => ({ type: 'attach', seq, lease, slots: 1, holder });
    const lost = new RawHolder(scene);
    expect(await lost.ask(attach(1, key))).toMatchObject({ type: 'attached' });
    return { scene, lost, raw: new RawHolder(scene), attach };
  }

  function second(scene: Scene): Request {
    const lease = scene.home.agent.acquire({ minBytes: 1, leaseMs: 60_000, hugePages: false });
    return { type: 'attach', seq: 5, lease: leaseIdToBytes(lease.id), slots: 0, holder: key };
  }

  test('ends the session that it was shown before, and so frees its slot', async () => {
    const { scene, lost, raw, attach } = await sessions();
    const answer = await raw.ask(attach(2, key));
    expect(answer).toMatchObject({
      type: 'attached',
      generation: 1,
      slots: { client: 0, first: 0, count: 1, session: 1 },
    });
    expect([lost.closed, scene.lease.freeSlotCount]).toEqual([true, 0]);
  });

  test('that another shows ends nothing', async () => {
    const { lost, raw, scene, attach } = await sessions();
    const almost = key.slice();
    almost[15] = (almost[15] as number) ^ 1;
    expect(await raw.ask(attach(1, almost))).toMatchObject(refusal('Contention'));
    expect(await new RawHolder(scene).ask(attach(1, keyOf(8)))).toMatchObject(refusal('Contention'));
    expect(lost.closed).toBe(false);
  });

  test('of a session that is over is taken again', async () => {
    const { lost, raw, attach } = await sessions();
    lost.leave();
    expect(await raw.ask(attach(3, key))).toMatchObject({ type: 'attached' });
  });

  test('ends nothing where it was shown already', async () => {
    const { scene, lost, attach } = await sessions();
    expect(await lost.ask(attach(2, key))).toMatchObject(refusal('Contention'));
    expect(await lost.ask(second(scene))).toMatchObject({ type: 'attached' });
    expect([lost.closed, scene.lease.freeSlotCount]).toEqual([false, 0]);
  });

  test('is one for all leases of a session', async () => {
    const { scene, lost } = await sessions();
    const other = { ...second(scene), holder: keyOf(8) } as Request;
    expect(await lost.ask(other)).toMatchObject(refusal('MalformedFrame'));
  });

  test('ends nothing where the lease that it comes with is not granted', async () => {
    const { lost, raw, attach } = await sessions();
    const other = { ...attach(1, key), lease: new Uint8Array(16) } as Request;
    expect(await raw.ask(other)).toMatchObject(refusal('Revoked'));
    expect(lost.closed).toBe(false);
  });

  test('brings nothing back that the session had besides', async () => {
    const { scene, lost, raw, attach } = await sessions();
    const also = second(scene) as Extract<Request, { type: 'attach' }>;
    await lost.ask(also);
    await raw.ask(attach(1, key));
    const renewal = { type: 'renew', seq: 3, lease: also.lease, generation: 1, leaseMs: 1e6 } as const;
    expect(await raw.ask(renewal)).toMatchObject(refusal('MalformedFrame'));
    expect(await raw.ask(also)).toMatchObject({ type: 'attached' });
  });
});

describe('what a holder may not say', () => {
  test.each([
    { type: 'renewed', lease: new Uint8Array(16), generation: 1 },
    { type: 'ended', lease: new Uint8Array(16), generation: 1, reason: 'revoked' },
  ] as Message[])('$type ends its connection', async (notice) => {
    const scene = granted();
    const raw = new RawHolder(scene);
    raw.say(notice);
    await scene.world.clock.settle();
    expect(raw.heard.at(-1)).toMatchObject({ type: 'refused', seq: 0, code: 'MalformedFrame' });
    expect(raw.closed).toBe(true);
    expect(scene.lease.status).toBe('active');
  });

  test('any messages in any order end nothing but its connection, and what it had is given back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyMessage, { maxLength: 12 }), fc.boolean(), async (messages, aimed) => {
        const scene = await servedScene({ leaseMs: 30 * 24 * 3600 * 1000 });
        const other = scene.home.agent.acquire({ minBytes: 1, leaseMs: 60_000, hugePages: false });
        const lease = leaseIdToBytes((aimed ? other.id : scene.lease.id) as LeaseId);
        const raw = new RawHolder(scene);
        for (const message of messages) raw.say('lease' in message ? { ...message, lease } : message);
        await scene.world.clock.settle();
        raw.leave();
        await scene.world.clock.settle();
        expect([scene.lease.status, scene.held.status, scene.lease.freeSlotCount]).toEqual(['active', 'active', 0]);
        for (const attachment of raw.attachments) attachment.close();
        scene.home.agent.close();
        await scene.world.clock.settle();
        expect(scene.world.machine.attachments.open).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});
