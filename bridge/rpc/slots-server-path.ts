// The server's end of the slots layout. Whose turn it is, slot-scheduler.ts knows; what stands in a slot, and what becomes
// of it, this does. Payloads that are longer than a slot are put together, and sent, fragment by fragment.
import type { SlotGrant } from '../control/messages.ts';
import type { Clock } from '../environment.ts';
import { Cancelled } from '../errors.ts';
import { invariant } from '../invariant.ts';
import type { HomeLease } from '../lease/home-lease.ts';
import type { ServerPort } from '../plane/plane.ts';
import { entryKinds, entrySlotMask, type SlotBoard, type SlotRange } from '../plane/slot-board.ts';
import { status } from './classic-layout.ts';
import { PayloadCopier } from './payload-copier.ts';
import { IncomingPayload, OutgoingPayload, TransferBudget } from './payload-transfer.ts';
import { Assembly } from './request-assembly.ts';
import { type RequestHeader, ServedCall } from './served-call.ts';
import { ServedStream } from './served-stream.ts';
import { type Refusal, type ServerPath, SessionIds, type Taken } from './server-path.ts';
import { ServerStreams } from './server-streams.ts';
import { SlotFrames } from './slot-frames.ts';
import { Seat, SlotScheduler } from './slot-scheduler.ts';
import { deadlineOfCode, goOn, openStream, payloadAt } from './slots-layout.ts';

/** What the server keeps of a slot: a call that runs, a request that comes in, or a response that goes out. */
type SlotState = ServedCall | Assembly | OutgoingPayload | undefined;

class ClientSeat extends Seat {
  readonly ids: SessionIds;
  /** By slot, from the client's first. */
  readonly slots: SlotState[];

  constructor(board: SlotBoard, grant: SlotGrant) {
    super(board, grant);
    this.ids = new SessionIds(grant.session);
    this.slots = new Array(grant.count).fill(undefined);
  }
}

export class SlotsServerPath implements ServerPath {
  readonly responseBytesMax: number;
  readonly #board: SlotBoard;
  readonly #frames: SlotFrames;
  readonly #port: ServerPort;
  readonly #clock: Clock;
  readonly #scheduler: SlotScheduler<ClientSeat>;
  readonly #copier: PayloadCopier;
  readonly #budget: TransferBudget;
  readonly #streams: ServerStreams;

  constructor(lease: HomeLease, port: ServerPort) {
    const { layout, arenaBytes } = lease;
    const { arena } = lease.window;
    invariant(port.board !== undefined, 'slots have a board');
    this.#board = port.board;
    this.#frames = new SlotFrames(arena, layout);
    this.responseBytesMax = arenaBytes;
    this.#port = port;
    this.#clock = lease.context.environment.clock;
    this.#scheduler = new SlotScheduler(port.board);
    this.#copier = new PayloadCopier(arena, payloadAt, layout.slotStride, layout.slotCount);
    this.#budget = new TransferBudget(arenaBytes);
    this.#streams = new ServerStreams(lease, port, this.#budget);
  }

  get ready(): boolean {
    this.#port.observe();
    return this.#scheduler.ready;
  }

  take(lent = false): Taken {
    this.#port.observe();
    for (let entry = this.#scheduler.next(); entry !== 0; entry = this.#scheduler.next()) {
      const taken = this.#attend(this.#scheduler.current, entry, lent);
      if (taken !== undefined) return taken;
    }
    return undefined;
  }

  runs(call: RequestHeader): boolean {
    const seat = this.#scheduler.seatOf(call.client);
    return seat !== undefined && seat.slots[call.slot - seat.range.first] === call;
  }

  lend({ slot }: RequestHeader, bytes: number): Uint8Array {
    return this.#frames.lend(slot, bytes);
  }

  respond(call: RequestHeader, published: number, payload: Uint8Array): void {
    const { payloadBytes } = this.#frames;
    const outgoing = payload.length > payloadBytes ? new OutgoingPayload(published, payload) : undefined;
    this.#frames.fill(call.slot, outgoing?.next(payloadBytes) ?? payload);
    this.#publish(call, published, payload.length, outgoing);
    this.#copier.prepare();
  }

  respondLent(call: RequestHeader, bytes: number): void {
    this.#publish(call, status.responseReady, bytes);
  }

  clientCame(slots: SlotGrant): void {
    this.#scheduler.add(new ClientSeat(this.#board, slots));
  }

  clientGone({ client, first, count }: SlotRange, reason: Error): void {
    const seat = this.#scheduler.seatOf(client);
    if (seat === undefined) return;
    this.#scheduler.remove(seat);
    this.#frames.wipe(first, count);
    for (const state of seat.slots) this.#giveUp(state, reason);
  }

  giveUpAll(reason: Error): void {
    for (const seat of this.#scheduler.seats) for (const state of seat?.slots ?? []) this.#giveUp(state, reason);
  }

  #publish(call: RequestHeader, published: number, bytes: number, state?: OutgoingPayload): void {
    const { client, slot } = call;
    const seat = this.#scheduler.seatOf(client) as ClientSeat;
    seat.slots[slot - seat.range.first] = state;
    this.#frames.write(slot, call.idLow, call.idHigh, call.methodId, bytes, 0);
    // Publishes: response. From here on the slot is the client's.
    this.#port.publish(client, slot, this.#frames.offsetOf(slot), this.#frames.frameBytes(bytes), published);
  }

  // ---- What a client says of one of its slots.

  #attend(seat: ClientSeat, entry: number, lent: boolean): Taken {
    const place = (entry & entrySlotMask) - 1;
    if (place < 0 || place >= seat.range.count) return this.#nonsense(seat, 0, `an entry for slot ${place}`);
    switch (entry & ~entrySlotMask) {
      case entryKinds.status:
        return this.#attendStatus(seat, place, lent);
      case entryKinds.cancel:
        this.#cancel(seat, place);
        return undefined;
      case entryKinds.data:
      case entryKinds.taken:
        return this.#attendStream(seat, place, entry & ~entrySlotMask);
      default:
        return this.#nonsense(seat, place, `an entry of unknown kind ${entry >>> 24}`);
    }
  }

  /** A slot whose call runs is not the client's to write. */
  #attendStatus(seat: ClientSeat, place: number, lent: boolean): Taken {
    const state = seat.slots[place];
    const found = this.#frames.statusOf(seat.range.first + place);
    if (found === goOn && state instanceof OutgoingPayload) return this.#sendNext(seat, place, state);
    const isRequest = found === status.requestReady || found === openStream;
    if (isRequest && !(state instanceof ServedCall)) return this.#takeRequest(seat, place, found, lent);
    return this.#nonsense(seat, place, `status ${found}`);
  }

  /** Where the stream is over, this is late. */
  #attendStream(seat: ClientSeat, place: number, kind: number): Taken {
    const state = seat.slots[place];
    if (!(state instanceof ServedStream) || state.stream.told(kind)) return undefined;
    return this.#nonsense(seat, place, `an entry of kind ${kind >>> 24} that its stream does not expect`);
  }

  #takeRequest(seat: ClientSeat, place: number, found: number, lent: boolean): Taken {
    const slot = seat.range.first + place;
    const frames = this.#frames;
    frames.read(slot);
    const { idLow, idHigh, methodId, bytes } = frames;
    const state = seat.slots[place];
    if (state instanceof Assembly && state.header.idLow === idLow && state.header.idHigh === idHigh) {
      return this.#takeFragment(seat, place, state, bytes);
    }
    this.#drop(seat, place);
    const header = { client: seat.range.client, slot, idLow, idHigh, methodId };
    const fault = seat.ids.fault(idLow, idHigh) ?? this.#faultOf(bytes);
    if (fault !== undefined) return { ...header, fault, answer: true };
    seat.ids.use(idLow, idHigh);
    const deadlineMs = deadlineOfCode(frames.deadlineCode);
    if (bytes > frames.payloadBytes) return this.#assemble(seat, place, header, found, deadlineMs);
    const payload = lent && found !== openStream ? frames.lend(slot, bytes) : this.#copier.copy(bytes, slot);
    return this.#begin(seat, place, header, found, payload, deadlineMs);
  }

  #begin(
    seat: ClientSeat,
    place: number,
    header: RequestHeader,
    found: number,
    payload: Uint8Array,
    deadlineMs: number,
  ): ServedCall {
    // Until the response is published the client only reads this, and only after this process's death: a plain store.
    this.#frames.setStatus(header.slot, status.processing);
    const call =
      found === openStream
        ? this.#streams.open(header, payload, deadlineMs, () => {
            seat.slots[place] = undefined;
          })
        : new ServedCall(header, payload, deadlineMs, this.#clock);
    seat.slots[place] = call;
    return call;
  }

  #cancel(seat: ClientSeat, place: number): void {
    const state = seat.slots[place];
    if (!(state instanceof ServedCall)) {
      this.#drop(seat, place);
      // One that waits for room has been asked for nothing: only an answer gives its client the slot back.
      const waits = state instanceof Assembly && state.incoming === undefined;
      if (waits) this.respond(state.header, status.error, new Uint8Array(0));
      return;
    }
    const reason = new Cancelled('the caller has cancelled', { mayHaveExecuted: true });
    if (state instanceof ServedStream) state.cancelled(reason);
    else state.giveUp(reason);
  }

  #faultOf(bytes: number): string | undefined {
    const bytesMax = this.responseBytesMax;
    return bytes > bytesMax ? `payload of ${bytes} bytes, at most ${bytesMax} allowed` : undefined;
  }

  #nonsense({ range }: ClientSeat, place: number, what: string): Refusal {
    const header = { client: range.client, slot: range.first + place, idLow: 0, idHigh: 0, methodId: 0 };
    return { ...header, fault: what, answer: false };
  }

  // ---- Longer payloads.

  #assemble(seat: ClientSeat, place: number, header: RequestHeader, found: number, deadlineMs: number): undefined {
    const assembly = new Assembly(header, found, this.#frames.bytes, deadlineMs, (begun) => {
      begun.incoming = new IncomingPayload(begun.bytes);
      this.#addFragment(begun.incoming, header.slot);
      this.#askOn(header);
    });
    seat.slots[place] = assembly;
    this.#budget.take(assembly.bytes, assembly.begin);
  }

  #takeFragment(seat: ClientSeat, place: number, assembly: Assembly, bytes: number): Taken {
    const { header, found, incoming, deadlineMs } = assembly;
    if (incoming === undefined || incoming.bytesLeft !== bytes) {
      this.#drop(seat, place);
      return { ...header, fault: `${bytes} bytes left of ${assembly.bytes}, which is not so`, answer: true };
    }
    if (!this.#addFragment(incoming, header.slot)) {
      this.#askOn(header);
      return undefined;
    }
    this.#budget.give(assembly.bytes);
    return this.#begin(seat, place, header, found, incoming.payload, deadlineMs);
  }

  #addFragment(incoming: IncomingPayload, slot: number): boolean {
    const bytes = Math.min(incoming.bytesLeft, this.#frames.payloadBytes);
    return incoming.add(this.#frames.lend(slot, bytes));
  }

  #askOn({ client, slot }: RequestHeader): void {
    this.#port.publish(client, slot, this.#frames.offsetOf(slot), this.#frames.frameBytes(0), goOn);
  }

  #sendNext(seat: ClientSeat, place: number, outgoing: OutgoingPayload): undefined {
    const { client, first } = seat.range;
    const slot = first + place;
    const { bytesLeft } = outgoing;
    this.#frames.read(slot);
    const { idLow, idHigh, methodId } = this.#frames;
    this.#frames.fill(slot, outgoing.next(this.#frames.payloadBytes));
    const state = outgoing.bytesLeft > 0 ? outgoing : undefined;
    this.#publish({ client, slot, idLow, idHigh, methodId }, outgoing.status, bytesLeft, state);
  }

  /** What came in, or went out, is nobody's any more. */
  #drop(seat: ClientSeat, place: number): void {
    const state = seat.slots[place];
    seat.slots[place] = undefined;
    this.#giveUp(state, undefined);
  }

  #giveUp(state: SlotState, reason: Error | undefined): void {
    if (state instanceof ServedCall && reason !== undefined) state.giveUp(reason);
    if (!(state instanceof Assembly) || this.#budget.forget(state.begin)) return;
    this.#budget.give(state.bytes);
  }
}
