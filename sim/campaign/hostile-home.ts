// A hostile home: it says that it serves, lets honest holders attach to memory that is really there, mostly, and answers them
// and writes in that memory what no honest home does.
import {
  agentIdToBytes,
  type Carrier,
  decodeMessage,
  formatNetworkAddress,
  type HomeMemory,
  type LeaseId,
  leaseIdToBytes,
  type Message,
  type NetworkAddress,
  protocolVersion,
  type ServiceRecord,
  SlotBoard,
  type SlotRange,
} from '#bridge';
import type { FarEnd } from '../far-end.ts';
import type { FarNews } from '../far-request.ts';
import type { MemoryAttachment } from '../memory-attachment.ts';
import { MemoryDoorbell } from '../memory-doorbell.ts';
import { MemorySegment } from '../memory-window.ts';
import type { Process } from '../process.ts';
import type { Chance } from './chance.ts';
import { bent, noise, packed } from './hostile-messages.ts';

type Fields = Readonly<Record<string, unknown>>;

const leaseMs = 600_000;
const arenaBytes = 65_536;
/** What is written after each attach, before long: whoever attaches calls soon. */
const answersMax = 12;
const soonMs = 800;
/** Names the lease in a far session. */
const binding = 1;

export class HostileHome {
  readonly record: ServiceRecord;
  readonly #process: Process;
  readonly #chance: Chance;
  readonly #lease: LeaseId;
  readonly #memory: HomeMemory;
  readonly #layout;
  readonly #carriers = new Set<Carrier>();
  readonly #bells: MemoryDoorbell[] = [];
  readonly #ends = new Set<FarEnd>();
  #gone = false;
  readonly #close: () => void;
  #board: MemorySegment | undefined;
  #session = 0;

  constructor(process: Process, chance: Chance, service: string, network: NetworkAddress) {
    const { agent, plane, transport } = process;
    this.#process = process;
    this.#chance = chance;
    this.#lease = `${agent.id}${Buffer.from(noise(chance, 8)).toString('hex')}` as LeaseId;
    this.#layout = chance.happens(0.5)
      ? ({ name: 'classic', slotCount: 1, slotStride: 0 } as const)
      : ({ name: 'slots', slotCount: 8, slotStride: 256 } as const);
    this.#memory = plane.allocate({ minBytes: arenaBytes, hugePages: false });
    this.#memory.window.control.initialise({ lease: this.#lease, generation: 1, arenaBytes });
    this.#memory.window.control.setLayout(this.#layout);
    this.#memory.openServerPort(this.#layout);
    const near = transport.listen(agent.address, (carrier) => this.#accept(carrier));
    const far = process.network.listen(network, (carrier) => this.#accept(carrier));
    this.#close = () => {
      near.close();
      void far.then((listener) => listener.close());
    };
    const told = {
      service,
      instance: this.#lease,
      node: 'hostile',
      agent: agent.id,
      lease: this.#lease,
      generation: 1,
    };
    this.record = { ...told, planes: ['sim'], address: agent.address, network: formatNetworkAddress(network) };
  }

  /** One bad deed: in the memory of those who have attached, or unasked on a connection. */
  act(): void {
    const chance = this.#chance;
    if (chance.happens(0.6)) this.#scrawl();
    for (const bell of this.#bells) if (chance.happens(0.7)) bell.ring();
    const [carrier] = chance.happens(0.3) ? this.#carriers : [];
    if (carrier !== undefined) carrier.send(bent(chance, this.#notice()), []);
    if (carrier !== undefined && chance.happens(0.2)) carrier.close();
  }

  leave(): void {
    this.#gone = true;
    this.#close();
    for (const end of this.#ends) this.#process.card.closeEnd(end);
    for (const carrier of this.#carriers) carrier.close();
    this.#memory.close();
  }

  #accept(carrier: Carrier): void {
    const chance = this.#chance;
    this.#carriers.add(carrier);
    carrier.open({
      onMessage: (bytes) => this.#answer(carrier, bytes),
      onClose: () => this.#carriers.delete(carrier),
    });
    const hello = { type: 'hello', version: protocolVersion, agent: agentIdToBytes(this.#process.agent.id) };
    carrier.send(chance.happens(0.1) ? bent(chance, hello) : packed(hello), []);
  }

  #answer(carrier: Carrier, bytes: Uint8Array): void {
    const message: Message = decodeMessage(bytes);
    if (!('seq' in message)) return;
    const chance = this.#chance;
    if (chance.happens(0.05)) return; // Nor does it answer everything.
    const slots = message.type === 'attach' ? this.#slots(message.slots) : null;
    const handles = message.type === 'attach' && carrier.carriesAttachments ? this.#share(slots) : [];
    const answer = { ...this.#answerTo(message, slots), seq: message.seq };
    if (message.type === 'attach') for (let answers = 0; answers < answersMax; answers++) this.#answerSoon();
    const said = chance.happens(0.15) ? bent(chance, answer) : packed(answer);
    const sent = chance.happens(0.9) ? handles : handles.slice(0, chance.integer(0, handles.length));
    carrier.send(said, chance.happens(0.05) ? [...sent].reverse() : sent);
    if (chance.happens(0.1)) carrier.send(said, []);
  }

  #slots(wanted: number) {
    if (wanted === 0) return null;
    this.#session += 1;
    const { slotCount } = this.#layout;
    return { client: 0, first: 0, count: Math.min(wanted, slotCount), session: this.#session };
  }

  #answerTo(message: Message, slots: unknown): Fields {
    const chance = this.#chance;
    const layout = chance.happens(0.7)
      ? this.#layout
      : {
          name: 'slots',
          slotCount: chance.pick([8, 8, 65_536, 0]),
          slotStride: chance.pick([2 ** 31, 2 ** 31, 65, 0]),
        };
    const common = {
      generation: chance.happens(0.9) ? 1 : 2,
      arenaBytes: chance.happens(0.9) ? arenaBytes : chance.pick([0, 4096, 2 ** 31]),
      layout,
    };
    switch (message.type) {
      case 'attach':
        return {
          type: 'attached',
          ...common,
          leaseMs,
          remainingMs: leaseMs,
          slots,
          offer: chance.happens(0.9)
            ? new Uint8Array(Uint32Array.of(binding).buffer)
            : chance.pick([null, noise(chance, 4), noise(chance, 5)]),
        };
      case 'describe':
        return { type: 'description', ...common, remainingMs: leaseMs, freeSlots: 8 };
      case 'resolve':
        return { type: 'services', records: this.#records() };
      case 'plane':
        return {
          type: 'plane-answer',
          body: chance.happens(0.9) ? this.#openEnd(message.body) : noise(chance, chance.pick([0, 4, 1024])),
        };
      case 'detach':
        return { type: 'done' };
      default:
        return { type: 'time', remainingMs: chance.pick([0, 1, leaseMs, 2_592_000_000]) };
    }
  }

  /** Its own, and some that lead nowhere, or to a lease of somebody else's name. */
  #records(): object[] {
    const chance = this.#chance;
    const { record } = this;
    const forged = {
      ...record,
      lease: Buffer.from(noise(chance, 16)).toString('hex'),
      instance: 'x'.repeat(chance.pick([1, 64])),
    };
    const lost = {
      ...record,
      instance: 'lost',
      network: chance.pick(['nowhere:1', '0.0.0.0:7', record.network ?? '']),
      service: chance.pick([record.service, 'other']),
    };
    return chance.pick([[record], [record, record], [record, forged], [lost, record], [forged, lost], []]);
  }

  #notice(): Fields {
    const lease = leaseIdToBytes(this.#lease);
    const generation = this.#chance.pick([1, 1, 2]);
    if (this.#chance.happens(0.5)) return { type: 'renewed', lease, generation };
    return { type: 'ended', lease, generation, reason: 'expired' };
  }

  /** As the true plane does, for one client after the other, who may all live. */
  #share(slots: SlotRange | null): readonly MemoryAttachment[] {
    if (slots !== null) this.#memory.closeClient(slots);
    const handles = this.#memory.share(slots ?? undefined) as readonly MemoryAttachment[];
    const [, , bell, board] = handles.map(({ resource }) => resource);
    if (bell instanceof MemoryDoorbell) this.#bells.push(bell);
    if (board instanceof MemorySegment) this.#board = board;
    return handles;
  }

  #answerSoon(): void {
    this.#process.clock.after(this.#chance.octaves(0.05, soonMs), () => {
      if (this.#gone) return;
      this.#scrawl();
      for (const bell of this.#bells) bell.ring();
      for (const end of this.#ends) this.#publish(end);
    });
  }

  /** As #scrawl(), where the holder has a mirror. */
  #publish(end: FarEnd): void {
    const chance = this.#chance;
    const { arena } = this.#memory.window;
    if (arena.length === 0) return;
    const isSlots = this.#layout.name === 'slots';
    const place = chance.pick([0, 0, 1, 2, 5, 65_536]);
    const at = isSlots ? 256 * Math.min(place, 7) : 32_768;
    const source = arena.slice(at, at + chance.pick([20, 28, 200]));
    const news: FarNews = chance.happens(0.7)
      ? { place, status: chance.pick([3, 3, 4, 4, 5, 0, 1, 2, 6, 16, 17, 18, 255]) }
      : { place, kind: chance.pick([0, 0x1000000, 0x2000000, 0x3000000, 0x4000000]) };
    end.publish(chance.happens(0.9) ? binding : 7, chance.happens(0.9) ? at : 65_530, source, news);
  }

  /** As the far plane does: an end of a session, to which its memory is open. */
  #openEnd(body: Uint8Array): Uint8Array {
    const end = this.#process.card.openEnd({ onNews: () => undefined, onBroken: () => undefined });
    this.#ends.add(end);
    end.regions.set(binding, this.#memory.window.arena);
    if (body.length === 4) end.connect(new DataView(body.buffer, body.byteOffset).getUint32(0, true));
    return new Uint8Array(Uint32Array.of(end.number).buffer);
  }

  /** Into the places of answers, mostly: statuses, lengths, ids; and the control page. */
  #scrawl(): void {
    const chance = this.#chance;
    const { arena } = this.#memory.window;
    const bytes = new Uint8Array(arena.buffer);
    if (bytes.length === 0) return;
    const view = new DataView(arena.buffer);
    const isSlots = this.#layout.name === 'slots';
    const at = isSlots ? 256 * chance.integer(0, 3) : 32_768;
    if (!isSlots && chance.happens(0.7)) bytes.copyWithin(at, 0, 12); // The answer to what was asked.
    view.setUint32(
      at + (isSlots ? 16 : 13),
      chance.pick([0, 4, 8, 236, 237, 32_751, 32_752, 65_536, 65_537, 2 ** 31, 2 ** 32 - 1]),
      true,
    );
    if (chance.happens(0.3)) bytes[chance.integer(0, bytes.length - 1)] = chance.integer(0, 255);
    if (chance.happens(0.1)) bytes[arena.length + chance.integer(0, 299)] = chance.integer(0, 255);
    view.setUint8(at + 12, chance.pick([3, 3, 3, 4, 4, 5, 0, 1, 2, 6, 255]));
    bytes[at + (isSlots ? 20 : 17)] = chance.integer(0, 7); // An error's kind, where it is one.
    const board = this.#board;
    if (!isSlots || board === undefined || board.buffer.byteLength === 0) return;
    const { words } = new SlotBoard(board.buffer, 8);
    // Each word of a ring of completions is looked at in turn: some entry in all of them.
    for (let word = 0; word < words.length; word++) {
      if (word % 16 >= 8 && chance.happens(0.5))
        words[word] =
          chance.pick([1, 1, 2, 3, 4, 5, 9, 2 ** 24 - 1]) |
          chance.pick([0, 0, 0x1000000, 0x2000000, 0x3000000, 0x4000000]);
    }
  }
}
