// What a process of a transcript can be told to do with queues and services.
import { FabricDns, FabricQueue } from '#sdk/api';
import type { Desk } from './desk.ts';

const strideBytes = 64;

export const queueOrders = {
  async createQueue(
    desk: Desk,
    { lease, capacity }: { readonly lease: string; readonly capacity: number },
  ): Promise<null> {
    const shape = { capacity, stride: strideBytes };
    desk.queues.set(lease, FabricQueue.create(desk.leases.get(lease), shape));
    return null;
  },

  async attachQueue(desk: Desk, { lease }: { readonly lease: string }): Promise<null> {
    const attached = FabricQueue.attach(desk.leases.get(lease)).then((queue) => desk.queues.set(lease, queue));
    await desk.outcome(`attach to the queue of ${lease}`, attached, () => 'done');
    return null;
  },

  /** Begins to send the numbers `from` to `to`, each once there is room, and to close the queue then if that is wanted. */
  async send(
    desk: Desk,
    request: { readonly lease: string; readonly from: number; readonly to: number; readonly close?: boolean },
  ): Promise<null> {
    const { lease, from, to, close = false } = request;
    const queue = desk.queues.get(lease);
    const sendAll = async () => {
      for (let each = from; each <= to; each++) await queue.send(each);
      await queue.drained();
      if (close) queue.close();
    };
    desk.begun.set(
      `send ${lease}`,
      desk.outcome(`send ${from} to ${to}`, sendAll(), () => 'done'),
    );
    return null;
  },

  /** Begins to receive so many, or until the producer has closed; tells of them in one line. */
  async receive(desk: Desk, { lease, count }: { readonly lease: string; readonly count: number }): Promise<null> {
    const queue = desk.queues.get(lease);
    const receiveAll = async () => {
      const values: unknown[] = [];
      while (values.length < count) {
        const value = await queue.receive();
        if (value === undefined) return `${describeRun(values)}, then the end`;
        values.push(value);
      }
      return describeRun(values);
    };
    desk.begun.set(`receive ${lease}`, desk.outcome(`receive ${count}`, receiveAll(), String));
    return null;
  },

  /** Tells of the instances of a service that come and go, from now on. */
  async watch(desk: Desk, { service }: { readonly service: string }): Promise<null> {
    const dns = await desk.dns(() => FabricDns.open());
    const abort = new AbortController();
    const watched = async () => {
      for await (const { type } of dns.watch(service, { signal: abort.signal })) desk.see(`${service}: ${type}`);
    };
    desk.aborts.set(`watch ${service}`, abort);
    desk.begun.set(
      `watch ${service}`,
      desk.outcome(`watch ${service}`, watched(), () => 'done'),
    );
    return null;
  },
} as const;

/** Numbers that follow one another as `from to to`, and what breaks the row as it is. */
function describeRun(values: readonly unknown[]): string {
  const inOrder = values.every((value, index) => index === 0 || value === (values[index - 1] as number) + 1);
  return inOrder && values.length > 1 ? `${values[0]} to ${values.at(-1)}` : values.join(' ');
}
