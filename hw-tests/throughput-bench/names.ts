// What the throughput bench measures, and on whom, by the names that its reports have.
import type { ContenderName as LatencyName } from '../bench/names.ts';

/** In the order in which reports list them. */
export const rowNames = ['calls', 'memory', 'beside', 'queue', 'latency'] as const;

export type RowName = (typeof rowNames)[number];

/** Those that answer calls. */
export const loadNames = ['leasewire', 'grpc-js', 'zeromq'] as const;

export type LoadName = (typeof loadNames)[number];

/** Those that carry messages one way, without an answer. */
export const queueNames = ['memcpy-c', 'ring-c', 'leasewire-in-place', 'leasewire-copied', 'zeromq'] as const;

export type QueueName = (typeof queueNames)[number];

/** In C: what a queue can reach. */
export const floorNames = ['memcpy-c', 'ring-c'] as const;

export type FloorName = (typeof floorNames)[number];

/** The queues whose producer and consumer are Node processes. */
export type NodeQueueName = Exclude<QueueName, FloorName>;

/** What `--only` chooses from. */
export const contenderNames = ['leasewire', 'grpc-js', 'zeromq', 'memcpy-c', 'ring-c'] as const;

export type ContenderName = (typeof contenderNames)[number];

/** Whose single calls are timed, by the names that the latency bench has for them. */
export const latencyNames: readonly Exclude<LatencyName, 'floor-c'>[] = [
  'leasewire-await',
  'leasewire-typed',
  'grpc-js',
  'zeromq',
];

/** Which of `contenderNames` a name of any row belongs to: `leasewire-await` is of `leasewire`. */
export function contenderOf(name: string): ContenderName | undefined {
  return contenderNames.find((contender) => name === contender || name.startsWith(`${contender}-`));
}

export function isOneOf<T extends string>(names: readonly T[], text: string): text is T {
  return names.some((name) => name === text);
}

export function isNodeQueueName(text: string): text is NodeQueueName {
  return isOneOf(queueNames, text) && !isOneOf(floorNames, text);
}
