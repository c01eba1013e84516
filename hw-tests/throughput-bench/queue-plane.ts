// A way to carry messages from one process to another, in order, none lost. consumer.ts opens it, producer.ts joins it.
// Loaded lazily: no process holds another contender's code.
import type { Close } from '../bench/echo-plane.ts';
import type { NodeQueueName } from './names.ts';

/** The next message, in a buffer that the next one will be in as well; undefined when there are no more. */
export type NextMessage = () => Uint8Array | undefined;

/** Takes a message; its bytes are the taker's only until it returns. False when no more is wanted. */
export type TakeMessage = (message: Uint8Array) => boolean;

export interface Consumer {
  take(onMessage: TakeMessage): Promise<void>;
  readonly close: Close;
}

export interface Producer {
  /** Resolves when all were handed over. */
  give(next: NextMessage): Promise<void>;
  readonly close: Close;
}

export interface QueuePlane {
  /** A queue for messages of `bytes`. `directory` is private to it and its two processes. */
  open(directory: string, bytes: number): Promise<Consumer>;
  join(directory: string): Promise<Producer>;
}

const loaders: Readonly<Record<NodeQueueName, () => Promise<QueuePlane>>> = {
  'leasewire-in-place': async () => (await import('./contenders/fabric-queue.ts')).fabricQueueInPlace,
  'leasewire-copied': async () => (await import('./contenders/fabric-queue.ts')).fabricQueueCopied,
  zeromq: async () => (await import('./contenders/push-pull.ts')).pushPull,
};

export function loadQueuePlane(name: NodeQueueName): Promise<QueuePlane> {
  return loaders[name]();
}
