// Many client processes of one server (programs/many-server, programs/many-client): who lives, who was killed, and what each
// has written down.
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';
import type { SeededRandom } from '../../sim/seeded-random.ts';
import { judge, type Verdict, type Witness } from './many-verdict.ts';
import { Program, type Said } from './program.ts';

/** What the server has for all of them. */
export interface Room {
  readonly slots: number;
  readonly slotPayloadBytes: number;
}

export interface Member {
  readonly program: Program;
  readonly witness: Witness;
}

/** Processes that start at a time: what a few cores can run beside those that are there. */
const startingMax = 4;

export class Crowd {
  readonly service: string;
  readonly room: Room;
  readonly server: Program;
  readonly #folder: string;
  readonly #witnesses: Witness[] = [];
  readonly #mortals: Member[] = [];
  #url = '';
  #tags = 0;
  /** How long the last one took from its start to its first call. */
  #bearingMs = 0;
  kills = 0;

  constructor(folder: string, service: string, room: Room) {
    this.#folder = folder;
    this.service = service;
    this.room = room;
    const args = [service, String(room.slots), String(room.slotPayloadBytes), this.#serverHistory];
    this.server = new Program('hw-tests/programs/many-server', args, { flags: ['--expose-gc'] });
  }

  get size(): number {
    return this.#witnesses.length;
  }

  async open(): Promise<void> {
    this.#url = String((await this.server.hear('serving'))['url']);
  }

  async tally(): Promise<Said> {
    this.server.tell('tally');
    return this.server.hear('tally');
  }

  /** One that is let finish. Resolves once it makes calls. */
  async steady(slots: number): Promise<Member> {
    const member = this.#start('steady', slots, 0);
    await member.program.hear('calling');
    return member;
  }

  /** So many that are killed sooner or later, with up to so many slots each. */
  async mortals(count: number, slotsMax: number): Promise<void> {
    let left = count;
    const starting = async () => {
      while (left-- > 0) await this.#bear(slotsMax);
    };
    await Promise.all(Array.from({ length: startingMax }, starting));
  }

  /**
   * Kills mortals at moments drawn by `draws`, on average `everyMs` apart where the machine keeps up, and has others take
   * their places, until `untilMs` (performance.now()). Of those, some die before they have made a call.
   */
  async killing(draws: SeededRandom, everyMs: number, untilMs: number, slotsMax: number): Promise<void> {
    const lane = async () => {
      while (performance.now() < untilMs) {
        await setTimeout(2 * startingMax * everyMs * draws.unit());
        const [victim] = this.#mortals.splice(Math.floor(draws.unit() * this.#mortals.length), 1);
        if (victim !== undefined) await this.kill(victim);
        if (draws.unit() < 0.25) await this.#stillborn(draws, slotsMax);
        await this.#bear(slotsMax);
      }
    };
    await Promise.all(Array.from({ length: startingMax }, lane));
  }

  /** Resolves once the process is gone. Its complaints, if it had any, fail the test. */
  async kill({ program }: Member): Promise<void> {
    this.kills += 1;
    expect(await program.kill()).toEqual({ status: 'SIGKILL', stderr: '' });
  }

  async killMortals(): Promise<void> {
    await Promise.all(this.#mortals.splice(0).map((member) => this.kill(member)));
  }

  /** Lets a client finish what it has under way. */
  async finish(member: Member): Promise<void> {
    member.program.tell('stop');
    await member.program.hear('stopped');
    member.program.hangUp();
    expect(await member.program.ended).toEqual({ status: 0, stderr: '' });
  }

  /** Ends the server, and judges all that was written down. */
  async judge(): Promise<Verdict> {
    const tally = await this.tally();
    expect(await this.server.kill()).toEqual({ status: 'SIGKILL', stderr: '' });
    const verdict = judge(this.#serverHistory, this.#witnesses);
    expect(tally).toMatchObject({ executed: verdict.executed, running: 0 });
    return verdict;
  }

  get #serverHistory(): string {
    return join(this.#folder, `server-${this.service}`);
  }

  async #bear(slotsMax: number): Promise<void> {
    const fromMs = performance.now();
    const member = this.#start('mortal', slotsMax, slotsMax + 1);
    await member.program.hear('calling');
    this.#bearingMs = performance.now() - fromMs;
    this.#mortals.push(member);
  }

  /** Killed between its process's start and, or soon after, its first call. */
  async #stillborn(draws: SeededRandom, slotsMax: number): Promise<void> {
    const member = this.#start('mortal', slotsMax, slotsMax + 1);
    await setTimeout(this.#bearingMs * draws.unit());
    await this.kill(member);
  }

  #start(manner: 'mortal' | 'steady', slots: number, unsettledMax: number): Member {
    const tag = ++this.#tags;
    const history = join(this.#folder, `client-${tag}`);
    const args = [this.#url, String(tag), history, manner, String(slots)];
    const program = new Program('hw-tests/programs/many-client', args);
    const witness = { tag, history, unsettledMax };
    this.#witnesses.push(witness);
    return { program, witness };
  }
}
