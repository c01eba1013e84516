// Watches a service: the registry says when records come and go, and a connection to each instance's agent says when
// its process dies, which no file does.
import type { Agent } from '../agent/agent.ts';
import { Disconnected } from '../errors.ts';
import type { Registry } from './registry.ts';
import type { ResolvedService } from './service-record.ts';

export interface ServiceEvent {
  readonly type: 'up' | 'down';
  readonly instance: ResolvedService;
}

export interface WatchParts {
  readonly service: string;
  readonly agent: Agent;
  readonly registry: Registry;
  readonly resolve: (service: string) => Promise<ResolvedService[]>;
  readonly signal: AbortSignal | undefined;
}

interface Known {
  readonly instance: ResolvedService;
  readonly life: { close(): void };
}

/** Changes that come while the consumer is busy are told together afterwards; an instance that came and went is not told. */
export async function* watchService(parts: WatchParts): AsyncGenerator<ServiceEvent, void, undefined> {
  const known = new Map<string, Known>();
  const changes = new Signal();
  const folder = parts.registry.watch(parts.service, () => changes.raise());
  const stop = () => changes.raise();
  parts.signal?.addEventListener('abort', stop);
  try {
    while (!parts.signal?.aborted) {
      changes.clear();
      yield* await difference(parts, known, changes);
      if (!parts.signal?.aborted) await changes.raised;
    }
  } finally {
    folder.close();
    parts.signal?.removeEventListener('abort', stop);
    for (const { life } of known.values()) life.close();
  }
}

/** Brings `known` up to date, and says what that took. */
async function difference(parts: WatchParts, known: Map<string, Known>, changes: Signal): Promise<ServiceEvent[]> {
  const events: ServiceEvent[] = [];
  const living = new Map((await parts.resolve(parts.service)).map((instance) => [instance.instance, instance]));
  for (const [id, { instance, life }] of known) {
    if (living.has(id)) continue;
    known.delete(id);
    life.close();
    events.push({ type: 'down', instance });
  }
  for (const [id, instance] of living) {
    if (known.has(id)) continue;
    const life = await watchLife(parts, instance, changes);
    if (life === undefined) continue;
    known.set(id, { instance, life });
    events.push({ type: 'up', instance });
  }
  return events;
}

/** Undefined for an instance whose process has died since it was resolved: it came and went. */
async function watchLife(
  { agent }: WatchParts,
  { agent: peer, address }: ResolvedService,
  changes: Signal,
): Promise<Known['life'] | undefined> {
  try {
    return await agent.watch(peer, address, () => changes.raise());
  } catch (error) {
    if (error instanceof Disconnected) return undefined;
    throw error;
  }
}

/** A condition that can be waited for. */
class Signal {
  raise: () => void = () => undefined;
  raised: Promise<void> = Promise.resolve();

  constructor() {
    this.clear();
  }

  clear(): void {
    this.raised = new Promise((resolve) => {
      this.raise = resolve;
    });
  }
}
