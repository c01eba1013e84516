// A holder's side of one control connection: all leases that this agent holds from one home. When it is lost, they come
// back over another connection, where their plane can do that; otherwise its end is the end of those leases here.
import type { Carrier } from '../control/carrier.ts';
import { type Answer, type ConnectionOwner, ControlConnection, type Ends, type Reply } from '../control/connection.ts';
import type { Attached, Description, Notice, Request, RequestBody, Response } from '../control/messages.ts';
import type { ServiceRecord } from '../dns/service-record.ts';
import { Disconnected, type FabricError, MalformedFrame, Revoked } from '../errors.ts';
import { HeldLease, type Home } from '../lease/held-lease.ts';
import type { LeaseContext } from '../lease/lease.ts';
import { type LeaseId, leaseIdFromBytes, leaseIdToBytes } from '../lease/lease-id.ts';
import { type EndReason, endedError } from '../lease/lease-status.ts';
import { checkSlots } from '../lease/slot-places.ts';
import type { Attachment, HeldMemory, HolderLink, LinkPlane } from '../plane/plane.ts';

export interface AttachOptions {
  /** How many client slots to claim, where the lease has any; 0 for none. */
  readonly slots: number;
}

export interface HomeConnectionOptions {
  /** By which the home knows this agent again, over whatever connection. */
  readonly holder: Uint8Array;
  /** By which plane leases come over a carrier. Throws Unsupported if none does. */
  readonly planeFor: (carrier: Carrier) => LinkPlane;
}

/** A lease that is being attached, and the news of its end, if that has come meanwhile. */
interface Binding {
  readonly id: LeaseId;
  end: Extract<Notice, { type: 'ended' }> | undefined;
}

interface Bound {
  readonly body: Attached;
  readonly memory: HeldMemory;
  readonly askedAtMs: number;
  readonly ended: EndReason | undefined;
}

export class HomeConnection implements ConnectionOwner, Home {
  readonly #options: HomeConnectionOptions;
  readonly #context: LeaseContext;
  readonly #connection: ControlConnection;
  readonly #leases = new Map<LeaseId, HeldLease>();
  readonly #bindings = new Set<Binding>();
  /** Opened with the first lease. */
  #link: HolderLink | undefined;
  readonly #onClosed: (lost: readonly HeldLease[]) => void;
  #ended = false;
  /** Whatever needs the connection although no lease does. */
  #users = 0;

  /**
   * `onClosed` is called when the connection has closed, by itself or because nothing needs it any more, with the leases
   * that are interrupted by it.
   */
  constructor(
    carrier: Carrier,
    ends: Ends,
    options: HomeConnectionOptions,
    context: LeaseContext,
    onClosed: (lost: readonly HeldLease[]) => void,
  ) {
    this.#options = options;
    this.#context = context;
    this.#onClosed = onClosed;
    this.#connection = new ControlConnection(carrier, context.environment.clock, this, ends);
  }

  get closed(): boolean {
    return this.#connection.closed;
  }

  /** Whether a lease is attached over this connection, or about to be. */
  holds(id: LeaseId): boolean {
    return this.#leases.has(id) || [...this.#bindings].some((binding) => binding.id === id);
  }

  attach(id: LeaseId, options: AttachOptions): Promise<HeldLease> {
    return this.#using(() =>
      this.#attach(id, options, ({ body, memory, askedAtMs, ended }) => {
        const held = new HeldLease({ ...body, id, memory, home: this, askedAtMs }, this.#context);
        this.#keep(held, ended);
        return held;
      }),
    );
  }

  /** Attaches again to a lease that is interrupted. Rejects as attach() does; the lease is then as it was. */
  resume(lease: HeldLease): Promise<void> {
    const options = { slots: lease.slotCount };
    return this.#using(() => this.#attach(lease.id, options, (bound) => this.#takeOver(lease, bound), lease));
  }

  /** `take` gets what was bound; `held` is the lease, where it is attached again. */
  async #attach<T>(id: LeaseId, { slots }: AttachOptions, take: (bound: Bound) => T, held?: HeldLease): Promise<T> {
    const lease = leaseIdToBytes(id);
    const link = this.#openLink();
    const askedAtMs = this.#context.environment.clock.nowMs();
    // An answer that comes too late has bound a lease that nobody waits for.
    const undo = ({ body }: Reply) => {
      if (body.type !== 'attached') return;
      void this.#ask({ type: 'detach', lease, generation: body.generation }, 'done').catch(() => undefined);
    };
    // From here on: news of the lease's end may be heard in one go with the answer.
    const binding: Binding = { id, end: undefined };
    this.#bindings.add(binding);
    try {
      const { holder } = this.#options;
      const reply = await this.#ask({ type: 'attach', lease, slots, holder }, 'attached', undo);
      const { body } = reply;
      const ended = () => (binding.end?.generation === body.generation ? binding.end.reason : undefined);
      try {
        const memory = await this.#bind(link, id, reply, held);
        return take({ body, memory, askedAtMs, ended: ended() });
      } catch (error) {
        undo(reply); // The home may forget about it; whether it hears so does not matter here.
        const reason = ended();
        throw reason === undefined ? error : endedError(reason, id, false);
      }
    } finally {
      this.#bindings.delete(binding);
    }
  }

  /** Throws the lease's error if it, or its home, came to an end while it was being bound, and nobody could be told. */
  #keep(held: HeldLease, ended: EndReason | undefined): void {
    this.#leases.set(held.id, held);
    if (ended !== undefined) held.end(ended);
    if (this.closed) held.end('disconnected');
    held.check();
  }

  /** As #keep(), but a connection that was lost meanwhile leaves the lease interrupted. */
  #takeOver(lease: HeldLease, { body, memory, askedAtMs, ended }: Bound): void {
    if (ended !== undefined) lease.end(ended);
    if (lease.status !== 'active') throw lease.endedError(false);
    if (this.closed) throw new Disconnected(`the home of lease ${lease.id} was lost once more`);
    this.#leases.set(lease.id, lease);
    lease.resume({ ...body, memory, home: this, askedAtMs });
  }

  async describe(id: LeaseId): Promise<Description> {
    const lease = leaseIdToBytes(id);
    const { body } = await this.#using(() => this.#ask({ type: 'describe', lease }, 'description'));
    return body;
  }

  /** The instances of a service on the home's node that can be reached over the network. */
  async resolve(service: string): Promise<readonly ServiceRecord[]> {
    const { body } = await this.#using(() => this.#ask({ type: 'resolve', service }, 'services'));
    return body.records;
  }

  async remaining(lease: HeldLease): Promise<number> {
    const { id, generation } = lease;
    const { body } = await this.#ask({ type: 'remaining', lease: leaseIdToBytes(id), generation }, 'time');
    return body.remainingMs;
  }

  async renew(lease: HeldLease, leaseMs: number): Promise<number> {
    const { id, generation } = lease;
    const { body } = await this.#ask({ type: 'renew', lease: leaseIdToBytes(id), generation, leaseMs }, 'time');
    return body.remainingMs;
  }

  async detach(lease: HeldLease, tellHome: boolean): Promise<void> {
    const { id, generation } = lease;
    if (!this.#leases.delete(id)) return;
    const body = { type: 'detach', lease: leaseIdToBytes(id), generation } as const;
    if (tellHome) await this.#using(() => this.#ask(body, 'done'));
    else this.#closeIfUnused();
  }

  onRequest(request: Request): Answer {
    throw new MalformedFrame(`a home sends no ${request.type}`);
  }

  onNotice(notice: Notice): void {
    const id = leaseIdFromBytes(notice.lease);
    for (const binding of this.#bindings) if (notice.type === 'ended' && binding.id === id) binding.end = notice;
    const lease = this.#leases.get(id);
    // News of another generation, or of a lease just released, is not for us.
    if (lease === undefined || lease.generation !== notice.generation) return;
    if (notice.type === 'renewed') void lease.refresh();
    else lease.end(notice.reason);
  }

  onClose(error: FabricError): void {
    this.#lose(error);
  }

  /** Ends every lease held over this connection. */
  close(): void {
    this.#connection.close();
    this.#end([]);
  }

  async #bind(
    link: HolderLink,
    id: LeaseId,
    { body, attachments }: { body: Attached; attachments: readonly Attachment[] },
    held: HeldLease | undefined,
  ): Promise<HeldMemory> {
    const { generation, arenaBytes, layout, offer } = body;
    if (this.closed) {
      // The link is closed as well: what it opened now, nobody would close.
      closeAll(attachments);
      throw new Disconnected(`the home of lease ${id} was lost as it answered`);
    }
    const slots = body.slots ?? undefined;
    try {
      if (slots !== undefined) checkSlots(layout, slots, arenaBytes);
    } catch (error) {
      closeAll(attachments);
      throw error;
    }
    if (held !== undefined && held.generation !== generation) {
      throw new Revoked(`generation ${held.generation} of lease ${id} is over, ${generation} is granted`);
    }
    if (held !== undefined && (slots?.count ?? 0) !== held.slotCount) {
      throw new MalformedFrame(`lease ${id} came back without its slots`);
    }
    const identity = { lease: id, generation, arenaBytes };
    const request = { identity, layout, slots, attachments, offer, held: held?.boundMemory };
    const memory = await link.bind(request);
    try {
      memory.window.control.verify(identity);
      return memory;
    } catch (error) {
      if (held === undefined) memory.close();
      throw error;
    }
  }

  #openLink(): HolderLink {
    const { carrier } = this.#connection;
    this.#link ??= this.#options.planeFor(carrier).openHolderLink({
      carrier,
      ask: async (body) => (await this.#ask({ type: 'plane', body }, 'plane-answer')).body.body,
      onBroken: (error) => this.#lose(error),
    });
    return this.#link;
  }

  /** A request whose answer, if it is not refused, is of the given type. */
  async #ask<T extends Response['type']>(
    body: RequestBody,
    answer: T,
    onLate?: (reply: Reply) => void,
  ): Promise<{ body: Extract<Response, { type: T }>; attachments: readonly Attachment[] }> {
    const reply = await this.#connection.request(body, onLate);
    if (reply.body.type === answer) return reply as { body: Extract<Response, { type: T }> } & Reply;
    closeAll(reply.attachments);
    throw new MalformedFrame(`the home answered ${body.type} with ${reply.body.type}`);
  }

  /** Keeps the connection for as long as the work takes, although no lease needs it. */
  async #using<T>(work: () => Promise<T>): Promise<T> {
    this.#users += 1;
    try {
      return await work();
    } finally {
      this.#users -= 1;
      this.#closeIfUnused();
    }
  }

  #closeIfUnused(): void {
    if (this.closed || this.#leases.size > 0 || this.#users > 0) return;
    this.#connection.close();
    this.#end([]);
  }

  /** The session cannot go on. Its leases can, elsewhere, unless the home is gone for good. */
  #lose(error: FabricError): void {
    const isFinal = !(error instanceof Disconnected) || error.final;
    const resumed = this.#link?.resumes === true && !isFinal ? [...this.#leases.values()] : [];
    for (const lease of resumed) this.#leases.delete(lease.id);
    this.#connection.close();
    this.#end(resumed);
  }

  #end(resumed: readonly HeldLease[]): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const lease of [...this.#leases.values()]) lease.end('disconnected');
    for (const lease of resumed) lease.interrupt();
    this.#link?.close();
    this.#link = undefined;
    this.#onClosed(resumed);
  }
}

function closeAll(attachments: readonly Attachment[]): void {
  for (const attachment of attachments) attachment.close();
}
