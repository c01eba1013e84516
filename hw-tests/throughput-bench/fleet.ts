// One contender under load, as the bench sees it: a server process, and clients spread over a few processes.
import { numbersIn } from '../bench/contender.ts';
import type { LineProcess, Reply } from '../bench/line-process.ts';
import type { Place } from '../bench/place.ts';
import { childProgram } from '../bench/project.ts';
import { CLIENT_PROCESSES } from './effort.ts';
import { type Footprint, footprintOf } from './footprint.ts';
import type { LoadOrder, PaceOrder } from './load.ts';
import type { Limits } from './load-plane.ts';
import { limitsOf } from './load-plane.ts';
import type { LoadName } from './names.ts';
import { type Rate, rateOf } from './rate.ts';

export class Fleet {
  readonly name: LoadName;
  readonly #server: LineProcess;
  readonly #clients: readonly LineProcess[];

  private constructor(name: LoadName, server: LineProcess, clients: readonly LineProcess[]) {
    this.name = name;
    this.#server = server;
    this.#clients = clients;
  }

  /** `directory`: a name that no other fleet of this place has. */
  static async open(name: LoadName, directory: string, place: Place, clientsMax: number): Promise<Fleet> {
    const path = place.subdirectory(directory);
    const start = (what: string, program: string, ...more: readonly string[]) =>
      place.start(`${name} ${what}`, process.execPath, [
        '--expose-gc',
        childProgram(program, 'throughput-bench'),
        name,
        path,
        ...more,
      ]);
    const server = start('server', 'server', String(clientsMax));
    await server.reply();
    const clients = Array.from({ length: CLIENT_PROCESSES }, (_, index) => start(`client ${index}`, 'client'));
    const fleet = new Fleet(name, server, clients);
    try {
      await Promise.all(clients.map((client) => client.reply()));
    } catch (error) {
      fleet.kill();
      throw error;
    }
    return fleet;
  }

  get pids(): readonly number[] {
    return [this.#server, ...this.#clients].flatMap(({ pid }) => pid ?? []);
  }

  can(clients: number, inFlight: number): boolean {
    const limits: Limits | undefined = limitsOf(this.name);
    return limits === undefined || (clients <= limits.clients && inFlight <= limits.inFlight);
  }

  /** So many clients in all, for so many calls in flight each. */
  async attach(clients: number, inFlight: number): Promise<void> {
    const shares = sharesOf(clients, this.#clients.length);
    await this.#ask(this.#clients.map((client, index) => client.ask(`attach ${shares[index]} ${inFlight}`)));
  }

  /** Of all processes together. */
  async load(order: LoadOrder): Promise<Rate> {
    const shares = sharesOf(order.active, this.#clients.length);
    const busy = this.#clients.flatMap((client, index) => {
      const active = shares[index] ?? 0;
      return active === 0 ? [] : [client.ask(loadCommand({ ...order, active }))];
    });
    return rateOf(await this.#ask(busy), order.active * order.inFlight);
  }

  /** Nanoseconds of the calls that one client makes now and then. */
  async pace(order: PaceOrder): Promise<readonly number[]> {
    const [modest] = this.#clients;
    return this.#paceOf((await this.#ask(modest === undefined ? [] : [modest.ask(paceCommand(order))]))[0]);
  }

  /** The same beside another process's client that keeps calls in flight; and that one's calls a second. */
  async paceBeside(
    order: PaceOrder,
    greed: LoadOrder,
  ): Promise<{ readonly samplesNs: readonly number[]; readonly greedyPerSecond: number }> {
    const [modest, greedy] = this.#clients;
    if (modest === undefined || greedy === undefined) throw new Error('two clients need two processes');
    const replies = await this.#ask([modest.ask(paceCommand(order)), greedy.ask(loadCommand(greed))]);
    return { samplesNs: this.#paceOf(replies[0]), greedyPerSecond: rateOf(replies.slice(1)).perSecond };
  }

  /** At rest, its garbage collected. */
  async footprint(): Promise<Footprint> {
    const processes = [this.#server, ...this.#clients];
    await this.#ask(processes.map((process) => process.ask('settle')));
    return footprintOf(
      this.#server.pid,
      this.#clients.map(({ pid }) => pid),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.#server.close();
  }

  kill(): void {
    for (const process of [this.#server, ...this.#clients]) process.kill();
  }

  #paceOf(reply: Reply = {}): readonly number[] {
    return numbersIn(reply, 'samplesNs');
  }

  /** Fails as well when the server dies: its clients may wait for ever. */
  #ask(replies: readonly Promise<Reply>[]): Promise<readonly Reply[]> {
    return Promise.race([Promise.all(replies), this.#server.failed]);
  }
}

/** `total` in so many whole shares, the first ones the larger. */
export function sharesOf(total: number, ways: number): readonly number[] {
  return Array.from({ length: ways }, (_, index) => Math.floor((total + ways - 1 - index) / ways));
}

function loadCommand({ active, inFlight, bytes, rampMs, windowMs, windowMsMax }: LoadOrder): string {
  return `load ${active} ${inFlight} ${bytes} ${rampMs} ${windowMs} ${windowMsMax}`;
}

function paceCommand({ bytes, intervalMs, leadInMs, durationMs }: PaceOrder): string {
  return `pace ${bytes} ${intervalMs} ${leadInMs} ${durationMs}`;
}
