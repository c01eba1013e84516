// What a transcript is made of. A script tells processes on two nodes what to do, and to the nodes what happens to them;
// what each process saw, in its own order, is the trace. The same script runs in the simulator and on the rig.
import { callOrders } from './call-orders.ts';
import type { Desk } from './desk.ts';
import { leaseOrders } from './lease-orders.ts';
import { queueOrders } from './queue-orders.ts';
import { windowOrders } from './window-orders.ts';

type Orders = typeof leaseOrders & typeof callOrders & typeof queueOrders & typeof windowOrders;

const allOrders: Orders = { ...leaseOrders, ...callOrders, ...queueOrders, ...windowOrders };

export type OrderName = keyof Orders;
export type RequestOf<O extends OrderName> = Parameters<Orders[O]>[1];
export type AnswerOf<O extends OrderName> = Awaited<ReturnType<Orders[O]>>;

/** An order as it travels, to be obeyed in the process that has the desk. */
export function obey<O extends OrderName>(desk: Desk, order: O, request: RequestOf<O>): Promise<AnswerOf<O>> {
  // The types of order and request belong together, which an index into the table loses.
  const perform = allOrders[order] as unknown as (desk: Desk, request: RequestOf<O>) => Promise<AnswerOf<O>>;
  return perform(desk, request);
}

/** The home is on one node, the two holders are on the other. */
export const roles = ['home', 'holder', 'other'] as const;
export type Role = (typeof roles)[number];

export interface Actor {
  /** Resolves as soon as the process has obeyed; rejects where the script asks for nonsense. */
  do<O extends OrderName>(order: O, request: RequestOf<O>): Promise<AnswerOf<O>>;
}

export interface Scene extends Readonly<Record<Role, Actor>> {
  wait(ms: number): Promise<void>;
  /** Nothing gets from one node to the other for at least so long, while `meanwhile` goes on. Some seconds, at most 4. */
  cut(ms: number, meanwhile: () => Promise<void>): Promise<void>;
  /** The connections between the nodes' agents end, and both are told. */
  disconnect(): Promise<void>;
  /** kill -9. The process is no more when this resolves. */
  kill(role: Role): Promise<void>;
  /** As SIGSTOP, and SIGCONT. */
  stop(role: Role): Promise<void>;
  goOn(role: Role): Promise<void>;
}

export interface Script {
  readonly name: string;
  /** Whether there is just one trace, whatever the timing. */
  readonly determined: boolean;
  readonly run: (scene: Scene) => Promise<void>;
}

/** What each process saw: `role: what`, by roles. */
export type Trace = readonly string[];

export function traceOf(seen: Readonly<Record<Role, readonly string[]>>): Trace {
  return roles.flatMap((role) => seen[role].map((line) => `${role}: ${line}`));
}

export function sameTrace(one: Trace, other: Trace): boolean {
  return one.length === other.length && one.every((line, index) => line === other[index]);
}
