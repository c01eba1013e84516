// The rig's stage for transcripts: the home on node a, the holders on node b. The processes stay from one script to the
// next, unless one was killed.
import { setTimeout } from 'node:timers/promises';
import { type Role, roles, type Scene, type Script, type Trace, traceOf } from '../../sim/transcripts/script.ts';
import type { Rig } from '../rig/rig.ts';
import type { RigNode } from '../rig/rig-node.ts';
import { dropping, endConnections } from './node-network.ts';
import { holderEnvironment, homeEnvironment, knownHomePort } from './places.ts';
import { RigActor } from './transcript-actor.ts';

const warmUpsMax = 5;

export class RigStage implements Scene {
  readonly #a: RigNode;
  readonly #b: RigNode;
  readonly #actors: Record<Role, RigActor>;
  #areWarm = false;
  #seen: Record<Role, string[]> = { home: [], holder: [], other: [] };

  constructor(rig: Rig) {
    this.#a = rig.node('a');
    this.#b = rig.node('b');
    this.#actors = { home: this.#start('home'), holder: this.#start('holder'), other: this.#start('other') };
  }

  get home(): RigActor {
    return this.#actors.home;
  }

  get holder(): RigActor {
    return this.#actors.holder;
  }

  get other(): RigActor {
    return this.#actors.other;
  }

  /** Plays a script from its beginning, with processes that have nothing. What was seen until it failed is in the error. */
  async play(script: Script): Promise<Trace> {
    await this.ready();
    this.#seen = { home: [], holder: [], other: [] };
    try {
      await script.run(this);
      return traceOf(this.#seen);
    } catch (cause) {
      throw new Error(`${script.name} came to nothing: ${cause}\n${traceOf(this.#seen).join('\n')}`, { cause });
    } finally {
      await this.#clear();
    }
  }

  /** What a process does for the first time takes long here, longer than is waited for on a busy machine: no fault, then. */
  async #warmUp(): Promise<void> {
    for (let left = warmUpsMax; ; left--) {
      try {
        return await this.#callOnce();
      } catch (cause) {
        if (left === 0) throw new Error(`nothing works: ${traceOf(this.#seen).join('\n')}`, { cause });
      } finally {
        await this.#clear();
      }
    }
  }

  async #callOnce(): Promise<void> {
    const url = await this.home.do('acquire', { lease: 'warm' });
    await this.home.do('serve', { lease: 'warm', slots: 2 });
    for (const actor of [this.holder, this.other]) {
      await actor.do('attach', { lease: 'warm', url });
      await actor.do('client', { lease: 'warm' });
      await actor.do('callMany', { lease: 'warm', calls: 20, bytes: 1000 });
    }
  }

  /** Starts who was killed, and has everybody do once what takes long the first time. */
  async ready(): Promise<void> {
    for (const role of roles) if (!this.#actors[role].alive) this.#actors[role] = this.#start(role);
    await Promise.all(roles.map((role) => this.#actors[role].ready));
    if (this.#areWarm) return;
    await this.#warmUp();
    this.#areWarm = true;
  }

  async #clear(): Promise<void> {
    await Promise.all(roles.map((role) => this.#actors[role].alive && this.#actors[role].do('clear', {})));
  }

  async close(): Promise<void> {
    await Promise.all(roles.map((role) => this.#actors[role].kill()));
  }

  wait(ms: number): Promise<void> {
    return setTimeout(ms);
  }

  async cut(ms: number, meanwhile: () => Promise<void>): Promise<void> {
    await dropping([this.#a, this.#b], 'ip', async () => {
      await Promise.all([setTimeout(ms), meanwhile()]);
    });
  }

  async disconnect(): Promise<void> {
    await endConnections(this.#a, this.#b);
  }

  kill(role: Role): Promise<void> {
    return this.#actors[role].kill();
  }

  stop(role: Role): Promise<void> {
    return this.#signal(role, 'STOP', 'T');
  }

  goOn(role: Role): Promise<void> {
    return this.#signal(role, 'CONT', '[RSD]');
  }

  /** Resolves when the process is in the state that the signal brings. */
  async #signal(role: Role, signal: string, state: string): Promise<void> {
    const pid = await this.#actors[role].pid;
    const script = `kill -${signal} "$0"; until grep -q '^State:.${state}' "/proc/$0/status"; do sleep 0.01; done`;
    const { code, stderr } = await this.#nodeOf(role).run('sh', ['-euc', script, `${pid}`]);
    if (code !== 0) throw new Error(`SIG${signal} to the ${role}: ${stderr}`);
  }

  #start(role: Role): RigActor {
    this.#areWarm = false;
    const env = role === 'home' ? homeEnvironment(this.#a, knownHomePort) : holderEnvironment(this.#a);
    return new RigActor(this.#nodeOf(role), env, (line) => this.#seen[role].push(line));
  }

  #nodeOf(role: Role): RigNode {
    return role === 'home' ? this.#a : this.#b;
  }
}
