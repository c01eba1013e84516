// What the suite asks of a home process: one JSON object a line, and one a line back. Requests may overlap; answers name
// the request they belong to. Bytes travel in base64, 64-bit integers as decimal text.
import type { LeaseStatus, PlaneName, RemoteErrorKind, RenewalPolicy, RevokeOutcome } from '../index.ts';

/** A lease as its process sees it when it answers. */
export interface LeaseFacts {
  readonly id: string;
  readonly url: string;
  readonly generation: number;
  readonly plane: PlaneName;
  readonly status: LeaseStatus;
  readonly size: number;
  readonly remainingMs: number;
}

export interface AcquireRequest {
  readonly minBytes?: number;
  readonly leaseSecs?: number;
  readonly autoRenew?: Partial<RenewalPolicy>;
}

export interface AttachRequest {
  readonly reference: string;
  readonly slots?: number;
}

export interface CallRequest {
  readonly lease: string;
  readonly methodId: number;
  readonly payload: string;
}

/** Names a lease that the process has acquired or attached to, by its id. */
interface OfLease {
  readonly lease: string;
}

/** Without them the server that is opened is one of the classic layout. */
interface WithSlots {
  readonly slots?: number;
}

interface AtOffset extends OfLease {
  readonly offset: number;
}

/** A command: what is asked, and what is answered. */
interface Command<Request, Answer> {
  readonly request: Request;
  readonly answer: Answer;
}

export interface Commands {
  acquire: Command<AcquireRequest, LeaseFacts>;
  /** Attaches to another process's lease: so a home can be a second holder. */
  attach: Command<AttachRequest, LeaseFacts>;
  status: Command<OfLease, LeaseFacts>;
  /** Answers once the lease has ended. */
  ended: Command<OfLease, LeaseStatus>;
  renew: Command<OfLease & { readonly leaseSecs?: number }, null>;
  release: Command<OfLease, null>;
  revoke: Command<OfLease, RevokeOutcome>;

  read: Command<AtOffset & { readonly bytes: number }, string>;
  write: Command<AtOffset & { readonly bytes: string }, null>;
  compareExchange: Command<AtOffset & { readonly expected: string; readonly desired: string }, string>;
  /** Adds `delta` so many `times`, others having their turn between; answers with what was there before the first. */
  fetchAdd: Command<AtOffset & { readonly delta: string; readonly times: number }, string>;

  /** Opens the lease's server, which has slots from then on, but serves nothing. */
  openServer: Command<OfLease, null>;
  /** Opens the server if it is not open, and begins to serve the methods of home-methods.ts. */
  serve: Command<OfLease & WithSlots, null>;
  /** As serve, the typed service of home-service.ts. */
  serveService: Command<OfLease & WithSlots, null>;
  /** Calls serve() once more than that, and answers with what comes of it. */
  serveTwice: Command<OfLease, null>;
  /** Aborts serve(), and answers once it has resolved. */
  stopServing: Command<OfLease, null>;
  /** Answers once serve() has resolved, or fails as it did. */
  served: Command<OfLease, null>;
  /** Answers once the handler has begun `count` calls. */
  called: Command<OfLease & { readonly count: number }, null>;
  /** How many calls the handler has begun. */
  calls: Command<OfLease, number>;
  /** Calls as a client of the lease. */
  call: Command<CallRequest, string>;

  /** Makes a queue in the lease; the commands that follow are of this end of it. */
  createQueue: Command<OfLease & { readonly capacity: number; readonly stride: number }, null>;
  /** Takes the other end of the queue in a lease that the process has attached to. */
  attachQueue: Command<OfLease, null>;
  /** Pushes as many values as there is room for, and answers with how many. */
  pushMany: Command<OfLease & { readonly values: readonly unknown[] }, number>;
  /** Sends each value once there is room, and answers then. */
  sendAll: Command<OfLease & { readonly values: readonly unknown[] }, null>;
  popMany: Command<OfLease & { readonly countMax: number }, unknown[]>;
  /** Receives so many values, or fewer if the producer closes, and answers then. */
  receive: Command<OfLease & { readonly count: number }, unknown[]>;
  closeQueue: Command<OfLease, null>;

  register: Command<OfLease & { readonly service: string }, null>;
  deregister: Command<{ readonly service: string }, null>;

  /** Keeps the thread busy, so that nothing else happens, then answers. */
  block: Command<{ readonly blockMs: number }, null>;
  /** Withdraws every service and gives back every lease. */
  reset: Command<Record<string, never>, null>;
  /** Ends the process in an orderly way. There is no answer. */
  exit: Command<Record<string, never>, null>;
}

export type CommandName = keyof Commands;

/** A request as it travels. */
export interface RequestLine<C extends CommandName = CommandName> {
  readonly id: number;
  readonly command: C;
  readonly request: Commands[C]['request'];
}

/** What a command failed with: enough to make the same error of it on the other side. */
export interface ErrorFacts {
  readonly name: string;
  readonly message: string;
  readonly mayHaveExecuted?: boolean;
  /** Of a RemoteError. */
  readonly kind?: RemoteErrorKind;
  readonly code?: number | string;
}

export type AnswerLine =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: ErrorFacts };

/** The first line of a program that is ready for commands. */
export const readyLine = 'ready';
