// Everybody looks for the service now and then, and some watch it. Checks that what is found lives, that comings and goings
// alternate, and that everybody knows the same once nothing goes wrong.
import type { Actor } from './actor.ts';
import { serviceName } from './rpc-servers.ts';
import type { Stage } from './stage.ts';
import type { Workload } from './workload.ts';

interface Watch {
  readonly actor: Actor;
  readonly known: Set<string>;
}

/** An instance that dies right after it was looked at is still told; looking takes no longer than this. */
const watchersShare = 0.3;

export class DnsWorkload implements Workload {
  readonly #stage: Stage;
  readonly #watches: Watch[] = [];

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  start(actor: Actor): void {
    actor.spawn(() => this.#lookAround(actor));
    if (actor.chance.happens(watchersShare)) actor.spawn(() => this.#keepWatching(actor));
  }

  async checkCalm(): Promise<void> {
    const served = this.#served();
    for (const actor of this.#stage.actors) {
      const found = (await actor.dns.resolve(serviceName)).map(({ instance }) => instance);
      compare(actor, 'finds', found, served);
    }
    for (const { actor, known } of this.#watches) {
      if (!actor.process.dead) compare(actor, 'has been told of', [...known], served);
    }
  }

  /** Every lease that is served under the name, and whose home lives. */
  #served(): string[] {
    const { granted } = this.#stage;
    const serving = [...granted.values()].filter(({ service, process }) => !process.dead && service === serviceName);
    return serving.filter(({ lease }) => lease.status === 'active').map(({ lease }) => lease.id);
  }

  async #lookAround(actor: Actor): Promise<void> {
    const { stage } = actor;
    while (stage.phase === 'chaos') {
      await actor.sleep(stage.shape.paceMs * actor.chance.between(4, 12));
      await this.#look(actor);
    }
  }

  async #look(actor: Actor): Promise<void> {
    const { clock } = this.#stage.world;
    const beganMs = clock.timeMs;
    const found = await actor.dns.resolve(serviceName);
    actor.record('resolves', found.length);
    for (const { instance } of found) {
      const endedAtMs = this.#stage.granted.get(instance)?.endedAtMs ?? 0;
      if (endedAtMs < beganMs) actor.fail(`${instance} is found ${beganMs - endedAtMs} ms after its end`);
    }
  }

  async #keepWatching(actor: Actor): Promise<void> {
    const watch: Watch = { actor, known: new Set() };
    const ending = new AbortController();
    actor.spawn(async () => {
      while (actor.stage.phase !== 'end') await actor.sleep(actor.stage.shape.chaosMs);
      ending.abort();
    });
    // Peers are asked every two seconds: in a run of hours, only at its end.
    while (actor.stage.shape.chaosMs > watchedMsMax && !actor.stage.calm) await actor.sleep(actor.stage.shape.chaosMs);
    this.#watches.push(watch);
    for await (const { type, instance } of actor.dns.watch(serviceName, ending.signal)) {
      actor.record('is told', type, instance.instance);
      actor.mark(`watch: ${type}`);
      const fits = type === 'up' ? !watch.known.has(instance.instance) : watch.known.has(instance.instance);
      if (!fits) actor.fail(`${instance.instance} is told to be ${type} twice`);
      if (type === 'up') watch.known.add(instance.instance);
      else watch.known.delete(instance.instance);
    }
  }
}

const watchedMsMax = 120_000;

function compare(actor: Actor, verb: string, found: readonly string[], served: readonly string[]): void {
  const missing = served.filter((each) => !found.includes(each));
  const gone = found.filter((each) => !served.includes(each));
  if (missing.length > 0) actor.fail(`nothing goes wrong, and yet it ${verb} no ${missing}`);
  if (gone.length > 0) actor.fail(`nothing goes wrong, and yet it ${verb} ${gone}, which is gone`);
}
