// What processes do in a run, and what must hold of it. A run has several at once.
import type { Actor } from './actor.ts';
import type { Stage } from './stage.ts';

export interface Workload {
  /** A process has begun: of what is under way in it when it dies, nothing goes on. */
  start(actor: Actor): void;
  /** Nothing has gone wrong for a good while: says on the stage's history what should work by now and does not. */
  checkCalm(): Promise<void>;
}

export type WorkloadFactory = (stage: Stage) => Workload;
