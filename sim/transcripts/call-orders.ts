// What a process of a transcript can be told to do with calls and streams.
import { RpcClient, RpcServer } from '#sdk/api';
import type { Desk } from './desk.ts';
import { type MethodName, methods, type StreamName, streams, TranscriptHandler } from './handler.ts';

export interface Call {
  /** Whose client, by the name of its lease. */
  readonly lease: string;
  readonly method: MethodName;
  readonly text: string;
  readonly deadlineMs?: number;
  readonly idempotent?: boolean;
}

export const callOrders = {
  /** Serves a lease from now on, in the classic layout unless `slots` says otherwise. */
  async serve(desk: Desk, { lease, slots }: { readonly lease: string; readonly slots?: number }): Promise<null> {
    const server = new RpcServer(desk.leases.get(lease), slots === undefined ? {} : { slots });
    desk.servers.set(lease, server);
    desk.begun.set(
      `serve ${lease}`,
      desk.outcome(`serve ${lease}`, server.serve(new TranscriptHandler(desk)), () => 'done'),
    );
    return null;
  },

  async client(desk: Desk, { lease }: { readonly lease: string }): Promise<null> {
    desk.clients.set(lease, new RpcClient(desk.leases.get(lease)));
    return null;
  },

  /** Returns once the call has settled. */
  async call(desk: Desk, call: Call): Promise<null> {
    await outcomeOf(desk, call);
    return null;
  },

  /** Returns at once; `settled` waits for it. */
  async beginCall(desk: Desk, { as, ...call }: Call & { readonly as: string }): Promise<null> {
    const abort = new AbortController();
    desk.aborts.set(as, abort);
    desk.begun.set(as, outcomeOf(desk, call, abort.signal));
    return null;
  },

  async giveUp(desk: Desk, { as }: { readonly as: string }): Promise<null> {
    desk.aborts.get(as).abort();
    return null;
  },

  /** Makes so many calls at once, of `bytes` bytes each, and tells how many were answered with what was asked. */
  async callMany(
    desk: Desk,
    { lease, calls, bytes }: { readonly lease: string; readonly calls: number; readonly bytes: number },
  ): Promise<null> {
    const client = desk.clients.get(lease);
    const requests = Array.from({ length: calls }, (_, call) => new Uint8Array(bytes).fill(call + 1));
    const answers = Promise.all(requests.map((request) => client.call(methods.quiet, request)));
    const right = (all: readonly Uint8Array[]) =>
      all.filter((answer, call) => Buffer.compare(answer, requests[call] as Uint8Array) === 0).length;
    await desk.outcome(`${calls} calls of ${bytes} bytes`, answers, (all) => `${right(all)} right`);
    return null;
  },

  async openStream(
    desk: Desk,
    { lease, stream, text }: { readonly lease: string; readonly stream: StreamName; readonly text: string },
  ): Promise<null> {
    desk.streams.set(text, desk.clients.get(lease).stream(streams[stream], Buffer.from(text)));
    return null;
  },

  /** Sends messages `1` to `count` without waiting for answers, and ends. */
  async sendOn(
    desk: Desk,
    { stream: name, count }: { readonly stream: string; readonly count: number },
  ): Promise<null> {
    const stream = desk.streams.get(name);
    const send = async () => {
      for (let each = 1; each <= count; each++) await stream.send(Buffer.from(`${each}`));
      await stream.end();
    };
    desk.begun.set(
      `send ${name}`,
      desk.outcome(`send on ${name}`, send(), () => 'done'),
    );
    return null;
  },

  /** Takes so many messages, or all until the end, then tells how many came in order. */
  async takeFrom(
    desk: Desk,
    { stream: name, count }: { readonly stream: string; readonly count?: number },
  ): Promise<null> {
    await desk.outcome(`take from ${name}`, take(desk, name, count ?? Number.POSITIVE_INFINITY), String);
    return null;
  },

  async cancelStream(desk: Desk, { stream }: { readonly stream: string }): Promise<null> {
    desk.streams.get(stream).cancel();
    return null;
  },
} as const;

async function take(desk: Desk, name: string, count: number): Promise<string> {
  const messages: string[] = [];
  const iterator = desk.streams.get(name)[Symbol.asyncIterator]();
  while (messages.length < count) {
    const next = await iterator.next();
    if (next.done) return `${messages.join(' ')}, then the end`;
    messages.push(Buffer.from(next.value).toString().trim());
  }
  return messages.join(' ');
}

function outcomeOf(desk: Desk, call: Call, signal?: AbortSignal): Promise<void> {
  const { lease, method, text, deadlineMs, idempotent = false } = call;
  const options = { idempotent, ...(deadlineMs === undefined ? {} : { deadlineMs }), ...(signal ? { signal } : {}) };
  const answer = desk.clients.get(lease).call(methods[method], Buffer.from(text), options);
  return desk.outcome(`call ${method} ${text}`, answer, (bytes) => Buffer.from(bytes).toString());
}
