// A process of clients of one contender: `node client.js NAME DIRECTORY`. Commands on stdin, one JSON line on stdout
// for each: attach CLIENTS | load ACTIVE IN_FLIGHT BYTES RAMP_MS WINDOW_MS WINDOW_MS_MAX |
// pace BYTES INTERVAL_MS LEAD_IN_MS DURATION_MS | settle. At the end of stdin it closes and exits.
import { printReply, runChild } from '../bench/child.ts';
import { splitCommand } from '../bench/command.ts';
import type { AwaitClient } from '../bench/echo-plane.ts';
import { obeyLines } from '../bench/obey-commands.ts';
import { IN_FLIGHT_MAX } from './effort.ts';
import { load, pace } from './load.ts';
import { type LoadPlane, limitsOf, loadPlane } from './load-plane.ts';
import { isOneOf, loadNames } from './names.ts';
import { settle } from './settle.ts';

class Clients {
  readonly #connect: () => Promise<AwaitClient>;
  readonly #clients: AwaitClient[] = [];

  constructor(plane: LoadPlane, directory: string, inFlight: number) {
    this.#connect = () => plane.connect(directory, inFlight);
  }

  async answer(line: string): Promise<object> {
    const { verb, numbers } = splitCommand(line, { attach: 1, load: 6, pace: 4, settle: 0 });
    const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = numbers;
    switch (verb) {
      case 'attach':
        await this.attach(a);
        return { attached: a };
      case 'load': {
        const calls = this.#clients.slice(0, a).map(({ call }) => call);
        const order = { active: a, inFlight: b, bytes: c, rampMs: d, windowMs: e, windowMsMax: f };
        return load(calls, order);
      }
      case 'pace':
        return { samplesNs: await this.#pace({ bytes: a, intervalMs: b, leadInMs: c, durationMs: d }) };
      case 'settle':
        await settle();
        return { settled: true };
    }
  }

  /** So many in all: those that are missing come, those that are too many go. */
  async attach(count: number): Promise<void> {
    while (this.#clients.length < count) this.#clients.push(await this.#connect());
    while (this.#clients.length > count) await this.#clients.pop()?.close();
  }

  #pace(order: Parameters<typeof pace>[1]): Promise<readonly number[]> {
    const [first] = this.#clients;
    if (first === undefined) throw new Error('no client is attached');
    return pace(first.call, order);
  }
}

async function main(name: string, directory: string): Promise<void> {
  if (!isOneOf(loadNames, name)) throw new Error(`no contender that is loaded: '${name}'`);
  const inFlight = Math.min(IN_FLIGHT_MAX, limitsOf(name)?.inFlight ?? IN_FLIGHT_MAX);
  const clients = new Clients(await loadPlane(name), directory, inFlight);
  printReply({ ready: true });
  await obeyLines((line) => clients.answer(line));
  await clients.attach(0);
}

await runChild(main);
