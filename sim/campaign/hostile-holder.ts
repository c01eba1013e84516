// A hostile client: it attaches to leases of honest homes, and says and writes what no honest one does, over a Unix socket or
// over TCP and the far plane. It keeps to its own slots where honest clients have others; the control connection, and what it
// posts to the home's card, are its own anyway.
import {
  type Attached,
  agentIdToBytes,
  type Carrier,
  decodeMessage,
  leaseIdToBytes,
  type Message,
  protocolVersion,
} from '#bridge';
import type { FarEnd } from '../far-end.ts';
import type { FarNews } from '../far-request.ts';
import type { MemoryAttachment } from '../memory-attachment.ts';
import type { Process } from '../process.ts';
import type { Chance } from './chance.ts';
import { bent, noise, packed } from './hostile-messages.ts';
import { HostileSlots } from './hostile-slots.ts';
import { hostileMethodId, type Muddle, type Prey } from './prey-ledger.ts';

type Fields = Readonly<Record<string, unknown>>;

export class HostileHolder {
  readonly #process: Process;
  readonly #chance: Chance;
  readonly #prey: Prey;
  readonly #carrier: Carrier;
  readonly #handles: MemoryAttachment[] = [];
  readonly #said: Uint8Array[] = [];
  readonly #holder: Uint8Array;
  readonly #end: FarEnd | undefined;
  #attached: Attached | undefined;
  #slots: HostileSlots | undefined;
  /** Whether it is with words that it is hostile, which costs it its connection soon, or with what it writes. */
  readonly #talks: boolean;
  /** It does not wait for an answer before it asks again in the same slot. */
  #muddle: Muddle = { asked: 0, ran: 0 };
  readonly #asked: { readonly frame: Uint8Array; readonly place: number }[] = [];
  /** Requests that must not be granted. */
  readonly #wrong = new Map<number, string>();
  /** Whether it has asked for any, in whatever words: the answer may be on its way. */
  #wantedLease = false;
  #seq = 0;
  #low = 0;
  over = false;

  constructor(process: Process, chance: Chance, prey: Prey, carrier: Carrier) {
    this.#process = process;
    this.#chance = chance;
    this.#prey = prey;
    this.#carrier = carrier;
    this.#holder = noise(chance, 16);
    this.#talks = chance.happens(0.4);
    carrier.open({
      onMessage: (bytes, handles) => this.#hear(bytes, handles as readonly MemoryAttachment[]),
      onClose: () => this.leave(),
    });
    if (!carrier.carriesAttachments) {
      this.#end = process.card.openEnd({ onNews: () => undefined, onBroken: () => undefined });
    }
    this.#begin();
  }

  /** One bad deed. */
  act(): void {
    if (this.over) return;
    const chance = this.#chance;
    if (!this.#talks && this.#attached !== undefined && chance.happens(0.97)) return this.#write();
    switch (chance.integer(0, 5)) {
      case 0:
        return this.#repeat();
      case 1:
        return this.#sayBent();
      case 2:
        return this.#flood();
      default:
        this.#say(this.#trueMessage());
    }
  }

  #write(): void {
    if (this.#end !== undefined) this.#post(this.#end);
    else if (this.#prey.open) this.#slots?.scrawl();
    else if (this.#chance.happens(0.1)) this.#slots?.lurk(this.#process.clock);
    else this.#slots?.meddle();
  }

  /** With nothing left behind. */
  leave(): void {
    if (this.over) return;
    this.over = true;
    this.#slots = undefined;
    this.#carrier.close();
    if (this.#end !== undefined) this.#process.card.closeEnd(this.#end);
    for (const handle of this.#handles.splice(0)) handle.close();
  }

  /** As honest ones do, mostly: who is turned away at the door sees nothing of the house. */
  #begin(): void {
    const chance = this.#chance;
    const hello = { type: 'hello', version: protocolVersion, agent: agentIdToBytes(this.#process.agent.id) };
    if (chance.happens(0.1)) return this.#sayBytes(bent(chance, hello));
    this.#say(hello);
    if (this.#end !== undefined) this.#sayNumbered({ type: 'plane', body: number32(this.#end.number) });
    if (chance.happens(0.8)) this.#sayNumbered(this.#attach(chance.integer(1, 2)));
  }

  #attach(slots: number): Fields {
    this.#wantedLease = true;
    return { type: 'attach', lease: leaseIdToBytes(this.#prey.lease), slots, holder: this.#holder };
  }

  #hear(bytes: Uint8Array, handles: readonly MemoryAttachment[]): void {
    this.#handles.push(...handles);
    const message: Message = decodeMessage(bytes);
    const wrong = 'seq' in message && message.type !== 'refused' ? this.#wrong.get(message.seq) : undefined;
    if (wrong !== undefined) this.#prey.fail(`a hostile client was granted what it asked ${wrong}: ${message.type}`);
    if (message.type === 'plane-answer' && message.body.length === 4) {
      this.#end?.connect(new DataView(message.body.buffer, message.body.byteOffset).getUint32(0, true));
    }
    // A lease that has ended, or that was given back, may be another's by now.
    if (message.type === 'ended' || message.type === 'done') this.#slots = undefined;
    if (message.type !== 'attached') return;
    this.#attached = message;
    this.#asked.length = 0;
    this.#muddle = { asked: 0, ran: 0 };
    this.#low = 0;
    this.#slots = HostileSlots.of(this.#chance, this.#prey, message, handles);
  }

  /** Of the right shape, though it may be nobody's to say: of any lease, any generation, unasked. */
  #trueMessage(): Fields {
    const chance = this.#chance;
    const lease = chance.happens(0.8) ? leaseIdToBytes(this.#prey.lease) : noise(chance, 16);
    const generation = chance.happens(0.6) ? 1 : chance.pick([0, 2, 2 ** 53 - 1]);
    this.#seq += 1;
    const seq = chance.happens(0.8) ? this.#seq : chance.integer(0, 2 ** 32 - 1);
    return chance.pick<() => Fields>([
      () => ({ ...this.#attach(chance.pick([0, 1, 2, 1024])), seq }),
      () => ({ ...this.#attach(1), seq, lease, holder: chance.happens(0.5) ? this.#holder : noise(chance, 16) }),
      () => this.#ofLease({ type: 'detach', seq, lease, generation }),
      () =>
        this.#ofLease({
          type: 'renew',
          seq,
          lease,
          generation,
          leaseMs: chance.pick([10, 1000, 60_000, 2_592_000_000]),
        }),
      () => this.#ofLease({ type: 'remaining', seq, lease, generation }),
      () => ({ type: 'describe', seq, lease }),
      () => ({
        type: 'plane',
        seq,
        body: chance.happens(0.5) ? number32(chance.integer(0, 50)) : noise(chance, chance.integer(0, 1024)),
      }),
      () => ({ type: 'resolve', seq, service: chance.pick(['svc', 'prey', 'nobody']) }),
      () => ({ type: 'hello', version: protocolVersion, agent: noise(chance, 8) }),
      () => ({ type: 'renewed', lease, generation }),
      () => ({ type: 'ended', lease, generation, reason: 'revoked' }),
      () => ({ type: 'time', seq, remainingMs: 1e6 }),
      () => ({ type: 'done', seq }),
      () => ({ type: 'refused', seq: chance.pick([0, seq]), code: 'Fenced', message: 'no' }),
    ])();
  }

  /** Such a request has a number that no other has. */
  #ofLease(message: Fields): Fields {
    const { generation } = message;
    this.#seq += 1;
    if (generation !== 1) this.#wrong.set(this.#seq, `of generation ${generation}`);
    else if (!this.#wantedLease) this.#wrong.set(this.#seq, 'without a lease');
    return { ...message, seq: this.#seq };
  }

  #sayNumbered(message: Fields): void {
    this.#seq += 1;
    this.#say({ ...message, seq: this.#seq });
  }

  #say(message: Fields): void {
    // Over the plane, too, slots are given back with the lease: what is written from here on would be another's.
    if (message['type'] === 'detach') this.#slots = undefined;
    this.#sayBytes(packed(message));
  }

  #sayBytes(bytes: Uint8Array): void {
    this.#said.push(bytes);
    this.#slots = this.#said.length > 60 ? undefined : this.#slots;
    this.#carrier.send(bytes, []);
  }

  /** Bent, it may be right by accident. */
  #sayBent(): void {
    const message = this.#trueMessage();
    this.#wrong.clear();
    this.#sayBytes(bent(this.#chance, message));
  }

  #repeat(): void {
    this.#wrong.clear(); // What was wrong then may be right now.
    const before = this.#said.length === 0 ? undefined : this.#chance.pick(this.#said);
    if (before === undefined) return;
    // It may have been a detach.
    this.#slots = undefined;
    this.#carrier.send(before, []);
  }

  #flood(): void {
    const bytes = packed({ type: 'describe', seq: 1, lease: leaseIdToBytes(this.#prey.lease) });
    for (let times = this.#chance.pick([10, 100]); times > 0; times--) this.#carrier.send(bytes, []);
  }

  /** A request in one of its own slots, or one that was there before, or one that is too long. */
  #ask(end: FarEnd): void {
    const { slots, layout, offer } = this.#attached ?? {};
    if (!slots || layout === undefined || offer?.length !== 4) return;
    const chance = this.#chance;
    const ledger = this.#prey.ledger;
    const again = this.#asked.at(-chance.integer(1, 2));
    const isLong = chance.happens(0.2);
    this.#low += 1;
    const id = {
      low: this.#low,
      high: slots.session << 12,
      bytes: isLong ? chance.pick([237, 32_752, 65_537, 2 ** 32 - 1]) : 8,
    };
    const isNew = again === undefined || chance.happens(0.7);
    const token = isNew ? ledger.token(this.#muddle) : 0;
    const asked = isNew
      ? {
          frame: frameOf(layout.name === 'slots', id, ledger.payload(isLong ? 0 : token)),
          place: chance.integer(0, slots.count - 1),
        }
      : again;
    if (isNew) this.#asked.push(asked);
    const binding = new DataView(offer.buffer, offer.byteOffset).getUint32(0, true);
    end.publish(binding, (slots.first + asked.place) * layout.slotStride, asked.frame, {
      place: asked.place,
      status: 1,
    });
  }

  /** To the home's card: bindings that are not its own, places and statuses that there are not, bytes beyond the lease. */
  #post(end: FarEnd): void {
    const chance = this.#chance;
    if (chance.happens(0.6)) return this.#ask(end);
    const offered = this.#attached?.offer?.[0] ?? 1;
    const binding = chance.happens(0.8) ? offered : chance.pick([0, 1, 2, 3, 2 ** 32 - 1]);
    const offset = chance.pick([0, 0, 12, 4096, 65_520, 65_536, 2 ** 31]);
    const source = noise(chance, chance.pick([0, 20, 64, 500]));
    const place = chance.pick([0, 0, 1, 5, 65_536, -1]);
    const news: FarNews = chance.happens(0.5)
      ? { place, status: chance.pick([0, 1, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 255]) }
      : { place, kind: chance.pick([0, 0x1000000, 0x2000000, 0x3000000, 0x4000000]) };
    // Bytes only where nobody honest has slots: a card lets a holder write the whole lease.
    if (this.#prey.open) end.publish(binding, offset, source, news);
    else end.publish(binding, 0, new Uint8Array(0), news);
    if (chance.happens(0.2)) void end.request({ op: 'read', binding, offset, bytes: 64 }).catch(() => undefined);
  }
}

function frameOf(
  isSlots: boolean,
  { low, high, bytes }: { low: number; high: number; bytes: number },
  payload: Uint8Array,
): Uint8Array {
  const payloadAt = isSlots ? 20 : 17;
  const frame = new Uint8Array(payloadAt + payload.length);
  const view = new DataView(frame.buffer);
  view.setInt32(0, low, true);
  view.setInt32(4, high, true);
  view.setUint32(8, hostileMethodId, true);
  view.setUint32(isSlots ? 16 : 13, bytes, true);
  frame.set(payload, payloadAt);
  return frame;
}

function number32(number: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(number).buffer);
}
