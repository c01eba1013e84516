// What either side of a stream does with its end, as its plan says: it sends, and it takes, each at its pace.
import type { RpcStream } from '#bridge';
import type { Actor } from './actor.ts';
import type { MessageFlow } from './message-flow.ts';
import type { SidePlan } from './stream-ledger.ts';

export interface Side {
  readonly actor: Actor;
  readonly end: RpcStream;
  /** Whether the lease is over at home, so that what is sent now must not arrive. */
  readonly isOver: () => boolean;
  readonly plan: SidePlan;
}

/** All that the plan says. Rejects with what stands against it. */
export async function sendAll({ actor, end, isOver, plan }: Side, flow: MessageFlow): Promise<void> {
  let failure: { readonly error: unknown } | undefined;
  for (const bytes of plan.messages) {
    await pauseFor(actor, plan.sendPauseMs);
    if (plan.waits) await sendOne(actor, end, flow, bytes, isOver());
    else
      send(end, flow, bytes, isOver()).catch((error) => {
        failure ??= { error };
      });
    if (failure !== undefined) throw failure.error;
  }
}

/** Waits for room, and then no more is under way than may be. */
export async function sendOne(
  actor: Actor,
  end: RpcStream,
  flow: MessageFlow,
  bytes: number,
  wasOver: boolean,
): Promise<void> {
  await send(end, flow, bytes, wasOver);
  const fault = flow.overflow();
  if (fault !== undefined) actor.fail(fault);
}

/** The message is its sender's again at once. */
function send(end: RpcStream, flow: MessageFlow, bytes: number, wasOver: boolean): Promise<void> {
  const message = flow.next(bytes, wasOver);
  const sending = end.send(message);
  message.fill(0);
  return sending;
}

/** What comes, until its end or until the plan has it leave the loop: true for an end. Rejects with the stream's error. */
export async function readAll(
  side: Side,
  flow: MessageFlow,
  onMessage: (message: Uint8Array) => void | Promise<void>,
): Promise<boolean> {
  const { actor, end, plan } = side;
  const iterator = end[Symbol.asyncIterator]();
  for (let read = 0; read < plan.readsMax; read++) {
    const { done, value } = await iterator.next();
    if (done) return true;
    await onMessage(value);
    await pauseFor(actor, plan.readPauseMs);
  }
  flow.left = true;
  await iterator.return?.();
  return false;
}

/** Up to so long. Without a pause it is not even a turn. */
export async function pauseFor(actor: Actor, ms: number): Promise<void> {
  if (ms > 0) await actor.sleep(ms * actor.chance.unit());
}
