// A holder's side of one control connection: all leases that this agent holds from one home. Its end is the end of
// those leases here.
import type { Carrier } from '../control/carrier.ts';
import { type Answer, type ConnectionOwner, ControlConnection, type Ends, type Reply } from '../control/connection.ts';
import type { Attached, Description, Notice, Request, RequestBody, Response } from '../control/messages.ts';
import type { ServiceRecord } from '../dns/service-record.ts';
import { type FabricError, MalformedFrame } from '../errors.ts';
import { HeldLease, type Home } from '../lease/held-lease.ts';
import type { LeaseContext } from '../lease/lease.ts';
import { type LeaseId, leaseIdFromBytes, leaseIdToBytes } from '../lease/lease-id.ts';
import type { Attachment, Plane } from '../plane/plane.ts';

export interface AttachOptions {
  /** Whether to claim a client slot, where the lease has any. */
  readonly slot: boolean;
}

export class HomeConnection implements ConnectionOwner, Home {
  readonly #planeFor: (carrier: Carrier) => Plane;
  readonly #context: LeaseContext;
  readonly #connection: ControlConnection;
  readonly #leases = new Map<LeaseId, HeldLease>();
  readonly #onUnused: () => void;
  /** Whatever needs the connection although no lease does. */
  #users = 0;

  /**
   * `planeFor` says by which plane leases come over a carrier, or throws; `onUnused` is called when the connection has
   * closed, by itself or because nothing needs it any more.
   */
  constructor(
    carrier: Carrier,
    ends: Ends,
    planeFor: (carrier: Carrier) => Plane,
    context: LeaseContext,
    onUnused: () => void,
  ) {
    this.#planeFor = planeFor;
    this.#context = context;
    this.#onUnused = onUnused;
    this.#connection = new ControlConnection(carrier, context.environment.clock, this, ends);
  }

  get closed(): boolean {
    return this.#connection.closed;
  }

  attach(id: LeaseId, options: AttachOptions): Promise<HeldLease> {
    return this.#using(() => this.#attach(id, options));
  }

  async #attach(id: LeaseId, options: AttachOptions): Promise<HeldLease> {
    const lease = leaseIdToBytes(id);
    const plane = this.#planeFor(this.#connection.carrier);
    const askedAtMs = this.#context.environment.clock.nowMs();
    // An answer that comes too late has bound a lease that nobody waits for.
    const undo = ({ body }: Reply) => {
      if (body.type !== 'attached') return;
      void this.#ask({ type: 'detach', lease, generation: body.generation }, 'done').catch(() => undefined);
    };
    const { body, attachments } = await this.#ask({ type: 'attach', lease, ...options }, 'attached', undo);
    const memory = this.#bind(plane, id, body, attachments);
    const held = new HeldLease({ ...body, id, memory, home: this, askedAtMs }, this.#context);
    this.#leases.set(id, held);
    this.#context.metrics.leasesAttached += 1;
    this.#context.metrics.leasesActive += 1;
    // What came right behind the answer was told to nobody yet: that the home is gone, or the lease.
    if (this.closed) held.end('disconnected');
    held.check();
    return held;
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
    this.#context.metrics.leasesActive -= 1;
    const body = { type: 'detach', lease: leaseIdToBytes(id), generation } as const;
    if (tellHome) await this.#using(() => this.#ask(body, 'done'));
    else this.#closeIfUnused();
  }

  onRequest(request: Request): Answer {
    throw new MalformedFrame(`a home sends no ${request.type}`);
  }

  onNotice(notice: Notice): void {
    const lease = this.#leases.get(leaseIdFromBytes(notice.lease));
    // News of another generation, or of a lease just released, is not for us.
    if (lease === undefined || lease.generation !== notice.generation) return;
    if (notice.type === 'renewed') void lease.refresh();
    else lease.end(notice.reason);
  }

  onClose(_error: FabricError): void {
    for (const lease of [...this.#leases.values()]) lease.end('disconnected');
    this.#onUnused();
  }

  /** Ends every lease held over this connection. */
  close(): void {
    this.#connection.close();
    for (const lease of [...this.#leases.values()]) lease.end('disconnected');
    this.#onUnused();
  }

  #bind(plane: Plane, id: LeaseId, body: Attached, attachments: readonly Attachment[]): ReturnType<Plane['bind']> {
    const { generation, arenaBytes } = body;
    const slot = body.slot?.index;
    const memory = plane.bind({ arenaBytes, slot, attachments, carrier: this.#connection.carrier });
    try {
      memory.window.control.verify({ lease: id, generation, arenaBytes });
      return memory;
    } catch (error) {
      memory.close();
      throw error;
    }
  }

  /** A request whose answer, if it is not refused, is of the given type. */
  async #ask<T extends Response['type']>(
    body: RequestBody,
    answer: T,
    onLate?: (reply: Reply) => void,
  ): Promise<{ body: Extract<Response, { type: T }>; attachments: readonly Attachment[] }> {
    const reply = await this.#connection.request(body, onLate);
    if (reply.body.type === answer) return reply as { body: Extract<Response, { type: T }> } & Reply;
    for (const attachment of reply.attachments) attachment.close();
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
    this.#onUnused();
  }
}
