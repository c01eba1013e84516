// The truth about every stream of a run: what was sent each way and what arrived, how both sides saw it end. Checks, over
// the whole run, that what arrives is what was sent, in order and whole, that an end or an error is told truly, and that
// each handler runs at most once.
import { type FabricError, RemoteError } from '#bridge';
import type { Actor } from './actor.ts';
import type { Granted } from './granted.ts';
import { MessageFlow } from './message-flow.ts';
import { numbered, numberIn } from './pattern.ts';

/** What one side does with its end of a stream. */
export interface SidePlan {
  /** How long each message is that it sends. */
  readonly messages: readonly number[];
  /** About how long it takes between two of them. */
  readonly sendPauseMs: number;
  /** Whether it waits for room. */
  readonly waits: boolean;
  /** After so many it leaves the loop. */
  readonly readsMax: number;
  readonly readPauseMs: number;
}

export interface ClientPlan extends SidePlan {
  readonly openingBytes: number;
  /** Whether it says that it has sent all. */
  readonly ends: boolean;
  readonly deadlineMs: number;
}

export type Outcome =
  | 'returns'
  | 'ends and returns'
  | 'throws'
  | 'ends and throws'
  | 'cancels'
  | 'waits for its signal';

export interface HandlerPlan extends SidePlan {
  /** Answers each message with the same, instead of sending its own. */
  readonly echoes: boolean;
  readonly outcome: Outcome;
  /** Goes on to its outcome although its stream has failed. */
  readonly swallows: boolean;
  /** Never asks for its signal, where its outcome does not take one. */
  readonly deaf: boolean;
}

/** One run of a stream's handler. */
export interface HandlerRun {
  readonly actor: Actor;
  /** It has settled. */
  over: boolean;
  aborted: boolean;
  /** It has returned, or cancelled its stream, or what it threw. */
  returned: boolean;
  threw: string | undefined;
  /** Its end of the stream has failed: of what it sent not all has to arrive. */
  lost: boolean;
}

export interface StreamTruth {
  readonly id: number;
  readonly granted: Granted;
  readonly caller: Actor;
  readonly client: ClientPlan;
  readonly handler: HandlerPlan;
  readonly up: MessageFlow;
  readonly down: MessageFlow;
  readonly begunAtMs: number;
  /** Whether the lease was over, at home, as it began. */
  readonly beganOver: boolean;
  readonly runs: HandlerRun[];
  /** The client was told that its handler did not run. */
  disowned: boolean;
  /** When its deadline passes, by its client's clock. */
  readonly dueMs: number;
  /** The client has given it up. */
  givenUp: boolean;
  /** By the timeline; Infinity until the client is through with it. */
  settledAtMs: number;
}

const roundingMs = 1e-6;

export class StreamLedger {
  readonly #streams: StreamTruth[] = [];

  begin(actor: Actor, granted: Granted, client: ClientPlan, handler: HandlerPlan, halfBytes: number): StreamTruth {
    const id = this.#streams.length;
    const { timeMs } = actor.stage.world.clock;
    const stream = {
      id,
      granted,
      caller: actor,
      client,
      handler,
      up: new MessageFlow(`what stream ${id} sends`, 2 * id, halfBytes),
      down: new MessageFlow(`what stream ${id} is sent`, 2 * id + 1, halfBytes),
      begunAtMs: timeMs,
      beganOver: granted.isOver,
      runs: [],
      dueMs: actor.process.clock.timeMs + client.deadlineMs,
      disowned: false,
      givenUp: false,
      settledAtMs: Number.POSITIVE_INFINITY,
    };
    this.#streams.push(stream);
    actor.record('opens stream', id, granted.lease.id, handler.outcome);
    return stream;
  }

  /** A handler was given this. Its run of the stream that it is, if it is one. */
  ran(actor: Actor, granted: Granted, payload: Uint8Array): { stream: StreamTruth; run: HandlerRun } | undefined {
    const stream = this.#streams[numberIn(payload)];
    if (stream === undefined || Buffer.compare(payload, openingOf(stream)) !== 0) {
      actor.fail(`a stream was opened with ${payload.length} bytes that nobody sent`);
      return undefined;
    }
    const { id } = stream;
    const run = { actor, over: false, aborted: false, returned: false, threw: undefined, lost: false };
    actor.record('serves stream', id);
    if (stream.granted !== granted) actor.fail(`stream ${id} runs at another lease than it was opened at`);
    if (stream.runs.push(run) > 1) actor.fail(`stream ${id} runs ${stream.runs.length} times`);
    if (stream.disowned) actor.fail(`stream ${id} runs after its client was told that it did not`);
    if (granted.wasOver) actor.fail(`stream ${id} runs when lease ${granted.lease.id} was over at its home`);
    return { stream, run };
  }

  /** Something has arrived at one side. */
  got(actor: Actor, stream: StreamTruth, flow: MessageFlow, message: Uint8Array): void {
    actor.record('takes', stream.id, message.length);
    const fault = flow.take(message);
    if (fault !== undefined) actor.fail(fault);
    if (stream.beganOver) actor.fail(`stream ${stream.id} goes, although its lease was over when it began`);
  }

  /** The client has seen a regular end. */
  ended(actor: Actor, stream: StreamTruth): void {
    const { id, down, runs } = stream;
    actor.record('sees the end of', id);
    actor.mark('stream: regular end');
    if (stream.beganOver) actor.fail(`stream ${id} ends well, although its lease was over when it began`);
    if (!down.closed && runs[0]?.returned !== true)
      actor.fail(`stream ${id} ends well, and its server has not ended it`);
    if (!down.isWhole) actor.fail(`stream ${id} ends well, and not all has arrived: ${down.count}`);
  }

  /** The handler has seen a regular end. */
  endedThere(actor: Actor, { id, up }: StreamTruth): void {
    actor.record('sees the client’s end of', id);
    if (!up.closed) actor.fail(`stream ${id} ends well at its handler, and its client has not ended it`);
    if (!up.isWhole) actor.fail(`stream ${id} ends well at its handler, and not all has arrived: ${up.count}`);
  }

  /** The client's end has failed. */
  failed(actor: Actor, stream: StreamTruth, error: unknown): void {
    const { id, runs } = stream;
    const word = actor.errorOf('stream', error);
    actor.record('fails', id, word);
    if (error instanceof RemoteError) return this.#failedThere(actor, stream, error);
    const { code, mayHaveExecuted } = error as FabricError;
    const isOurs = code === 'DeadlineExceeded' ? isDue(stream) : code !== 'Cancelled' || stream.givenUp;
    if (!isOurs) actor.fail(`stream ${id} is said to be given up, and nobody has: ${word}`);
    stream.disowned = !mayHaveExecuted;
    if (stream.disowned && runs.length > 0) {
      actor.fail(`stream ${id} runs, and its client was told that it did not: ${word}`);
    }
  }

  /** What was sent before comes first. */
  #failedThere(actor: Actor, stream: StreamTruth, { kind, message }: RemoteError): void {
    const { id, runs, down } = stream;
    actor.mark('stream: its handler failed');
    if (isLate(stream) && message.startsWith('the caller waited for')) return; // Its home's clock was faster.
    if (kind !== 'handler' || message !== runs[0]?.threw) {
      actor.fail(`stream ${id} fails with an error that is not its handler’s: ${kind} ${message}`);
    }
    if (message !== failureOf(id) || runs[0]?.lost) return;
    if (down.closed) actor.fail(`stream ${id} fails, although its handler had ended its side before it threw`);
    if (!down.isWhole) {
      actor.fail(
        `stream ${id} fails with what its handler throws, and not all that came before has arrived: ${down.count}`,
      );
    }
  }

  /** The handler's end has failed. */
  failedThere(actor: Actor, stream: StreamTruth, error: unknown): void {
    const word = actor.errorOf('stream at its handler', error);
    for (const run of stream.runs) run.lost = true;
    actor.record('fails at its handler', stream.id, word);
  }

  /** Streams of living clients that go on for longer than any may. */
  overdue(forMs: number): readonly StreamTruth[] {
    return this.#streams.filter(
      ({ settledAtMs, caller: { process, stage }, begunAtMs }) =>
        settledAtMs === Number.POSITIVE_INFINITY && !process.dead && stage.world.clock.timeMs - begunAtMs > forMs,
    );
  }

  /** Handlers of living processes that go on, although their client was through with the stream so long ago, or is dead. */
  orphans(forMs: number): readonly HandlerRun[] {
    const isLeft = ({ settledAtMs, caller: { process, stage } }: StreamTruth) =>
      process.dead || stage.world.clock.timeMs - settledAtMs > forMs;
    return this.#streams
      .filter(isLeft)
      .flatMap(({ runs }) => runs.filter(({ over, aborted, actor }) => !over && !aborted && !actor.process.dead));
  }
}

function isDue({ caller, dueMs }: StreamTruth): boolean {
  return caller.process.clock.timeMs >= dueMs - roundingMs;
}

/** Its deadline may have passed by its home's clock, and there deadlines are rounded up. */
function isLate({ caller, client, dueMs }: StreamTruth): boolean {
  return caller.process.clock.timeMs >= dueMs - client.deadlineMs / 1000;
}

export function failureOf(id: number): string {
  return `stream ${id} is to fail`;
}

export function openingOf({ id, client }: Pick<StreamTruth, 'id' | 'client'>): Uint8Array {
  return numbered(id, 11, client.openingBytes);
}
