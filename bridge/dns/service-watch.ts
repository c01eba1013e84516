// Watches a service: the registry says when records come and go, and a connection to each instance's agent says when
// its process dies, which no file does.
import type { Agent } from '../agent/agent.ts';
import { Disconnected } from '../errors.ts';
import { peerPollMs } from '../limits.ts';
import type { Registry } from './registry.ts';
import type { ResolvedService } from './service-record.ts';
import type { FoundService, ServiceView } from './service-view.ts';

export interface ServiceEvent {
  readonly type: 'up' | 'down';
  readonly instance: ResolvedService;
}

export interface WatchParts {
  readonly service: string;
  readonly agent: Agent;
  readonly registry: Registry;
  readonly look: (service: string) => Promise<ServiceView>;
  /** How often to look anew, unasked: for what no registry tells of. */
  readonly pollMs: number | undefined;
  readonly signal: AbortSignal | undefined;
}

interface Known extends FoundService {
  readonly life: Life;
}

/** A connection to an instance's agent. */
interface Life {
  /** It has ended: the agent is gone, or the way to it. */
  over: boolean;
  close(): void;
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
      const view = await parts.look(parts.service);
      yield* await difference(parts, view, known, changes);
      if (!parts.signal?.aborted) await nextLook(parts, view, changes);
    }
  } finally {
    folder.close();
    parts.signal?.removeEventListener('abort', stop);
    for (const { life } of known.values()) life.close();
  }
}

/** What is quiet has changed nothing that a registry could tell of once it speaks again. */
async function nextLook({ agent, pollMs }: WatchParts, { quiet }: ServiceView, changes: Signal): Promise<void> {
  const afterMs = quiet ? peerPollMs : pollMs;
  const timer = afterMs === undefined ? undefined : agent.clock.after(afterMs, () => changes.raise());
  await changes.raised;
  timer?.cancel();
}

/** Brings `known` up to date, and says what that took. */
async function difference(
  parts: WatchParts,
  { found, silent }: ServiceView,
  known: Map<string, Known>,
  changes: Signal,
): Promise<ServiceEvent[]> {
  const events: ServiceEvent[] = [];
  const living = new Map(found.map((each) => [each.instance.instance, each]));
  for (const [id, { instance, peer, life }] of known) {
    // A peer that said nothing said nothing of an end either.
    if (living.has(id) || (!life.over && peer !== undefined && silent.has(peer))) continue;
    known.delete(id);
    life.close();
    events.push({ type: 'down', instance });
  }
  for (const [id, each] of living) {
    const before = known.get(id);
    if (before?.life.over === false) continue;
    const life = await watchLife(parts, each, changes);
    if (life !== undefined) known.set(id, { ...each, life });
    else known.delete(id);
    if (before === undefined && life !== undefined) events.push({ type: 'up', instance: each.instance });
    if (before !== undefined && life === undefined) events.push({ type: 'down', instance: before.instance });
  }
  return events;
}

/** Undefined for an instance whose process has died since it was resolved, or the way to it: it came and went. */
async function watchLife(
  { agent }: WatchParts,
  { instance, address, peer }: FoundService,
  changes: Signal,
): Promise<Life | undefined> {
  const life: Life = { over: false, close: () => undefined };
  try {
    const connection = await agent.watch(instance.agent, address, () => {
      life.over = true;
      changes.raise();
    });
    life.close = () => connection.close();
    return life;
  } catch (error) {
    if (error instanceof Disconnected || peer !== undefined) return undefined;
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
