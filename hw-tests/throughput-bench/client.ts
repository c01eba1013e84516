// A process of clients of one contender: `node client.js NAME DIRECTORY`. Commands on stdin, one JSON line on stdout
// for each: attach CLIENTS IN_FLIGHT | load ACTIVE IN_FLIGHT BYTES RAMP_MS WINDOW_MS WINDOW_MS_MAX |
// pace BYTES INTERVAL_MS LEAD_IN_MS DURATION_MS | settle. At the end of stdin it closes and exits.
import { printReply, runChild } from '../bench/child.ts';
import { splitCommand } from '../bench/command.ts';
import type { AwaitClient } from '../bench/echo-plane.ts';
import { obeyLines } from '../bench/obey-commands.ts';
import { PAYLOAD_BYTES } from './effort.ts';
import { load, pace, verify } from './load.ts';
import { type LoadPlane, loadPlane } from './load-plane.ts';
import { isOneOf, loadNames } from './names.ts';
import { settle } from './settle.ts';

class Clients {
  readonly #connect: (inFlight: number) => Promise<AwaitClient>;
  readonly #clients: AwaitClient[] = [];
  /** What those that are attached asked for. */
  #inFlight = 0;

  constructor(plane: LoadPlane, directory: string) {
    this.#connect = (inFlight) => plane.connect(directory, inFlight);
  }

  async answer(line: string): Promise<object> {
    const { verb, numbers } = splitCommand(line, { attach: 2, load: 6, pace: 4, settle: 0 });
    const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = numbers;
    switch (verb) {
      case 'attach':
        await this.attach(a, b);
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

  /** So many in all, for so many calls in flight each. A new one has made a call: it is connected, whatever that takes. */
  async attach(count: number, inFlight: number): Promise<void> {
    await this.#keep(inFlight === this.#inFlight ? count : 0);
    this.#inFlight = inFlight;
    while (this.#clients.length < count) {
      const client = await this.#connect(inFlight);
      this.#clients.push(client);
      await verify(client.call, PAYLOAD_BYTES, this.#clients.length);
    }
  }

  async close(): Promise<void> {
    await this.#keep(0);
  }

  async #keep(count: number): Promise<void> {
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
  const clients = new Clients(await loadPlane(name), directory);
  printReply({ ready: true });
  await obeyLines((line) => clients.answer(line));
  await clients.close();
}

await runChild(main);
