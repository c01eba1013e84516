// One contender as the bench sees it: a client process it commands, and whatever serves that client.
import { type Command, formatCommand } from './command.ts';
import type { LineProcess, Reply } from './line-process.ts';
import type { RoundOrder, RoundSamples } from './meter.ts';
import type { ContenderName } from './names.ts';

export interface ContenderParts<Name extends string> {
  readonly name: Name;
  readonly client: LineProcess;
  /** Undefined for floor-c, whose client forks its own: `forkedPid`. */
  readonly server?: LineProcess;
  readonly forkedPid?: number;
  /** A line about how it was set up, for the report. */
  readonly note?: string;
}

export class Contender<Name extends string = ContenderName> {
  readonly name: Name;
  readonly note: string | undefined;
  readonly #client: LineProcess;
  readonly #server: LineProcess | undefined;
  readonly #forkedPid: number | undefined;

  constructor(parts: ContenderParts<Name>) {
    this.name = parts.name;
    this.note = parts.note;
    this.#client = parts.client;
    this.#server = parts.server;
    this.#forkedPid = parts.forkedPid;
  }

  /** Its processes, client and server. */
  get pids(): readonly number[] {
    return [this.#client.pid, this.#server?.pid, this.#forkedPid].filter((pid) => pid !== undefined);
  }

  /** Nanoseconds one clock read costs this contender's client. */
  async clockReadNs(): Promise<number> {
    return numberIn(await this.#ask({ verb: 'clock' }), 'clockReadNs');
  }

  /** Calls for about `durationMs`; nanoseconds per call. */
  async warm(bytes: number, durationMs: number): Promise<number> {
    return numberIn(await this.#ask({ verb: 'warm', bytes, durationMs }), 'nsPerCall');
  }

  async round(order: RoundOrder): Promise<RoundSamples> {
    const reply = await this.#ask({ verb: 'round', order });
    return {
      batchNs: numbersIn(reply, 'batchNs'),
      singleNs: numbersIn(reply, 'singleNs'),
      untimedNs: numberIn(reply, 'untimedNs'),
    };
  }

  /** Nanoseconds of the first call after `waitMs` without one. */
  async idleSample(bytes: number, waitMs: number): Promise<number> {
    return numberIn(await this.#ask({ verb: 'idle', bytes, waitMs }), 'idleNs');
  }

  kill(): void {
    this.#client.kill();
    this.#server?.kill();
  }

  async close(): Promise<void> {
    await this.#client.close();
    await this.#server?.close();
  }

  /** Fails as well when the server dies: its client may wait for ever. */
  #ask(command: Command): Promise<Reply> {
    const reply = this.#client.ask(formatCommand(command));
    return this.#server === undefined ? reply : Promise.race([reply, this.#server.failed]);
  }
}

export function numberIn(reply: Reply, key: string): number {
  const value = reply[key];
  if (typeof value !== 'number') throw new Error(`a reply without the number ${key}`);
  return value;
}

export function numbersIn(reply: Reply, key: string): readonly number[] {
  const value = reply[key];
  if (!Array.isArray(value)) throw new Error(`a reply without the numbers ${key}`);
  return value as readonly number[];
}
