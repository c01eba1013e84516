// What a case has to work with: a home process, and whatever it takes here. All of it is given back after the case.
import { setTimeout } from 'node:timers/promises';
import {
  type AttachOptions,
  FabricDns,
  type LeaseStatus,
  MemBuilder,
  type MemLease,
  type PlaneName,
  RpcClient,
  type RpcClientOptions,
} from '../index.ts';
import { type CallMode, callModes } from './expect-failure.ts';
import type { Fixture, LeaseClasses } from './fixture.ts';
import { HomeDriver, type HomeLease } from './home-driver.ts';
import type { AcquireRequest } from './home-protocol.ts';

export type Case = (stage: Stage) => Promise<void>;

/** Cases by name. The names are the specification. */
export type Cases = Readonly<Record<string, Case>>;

/** A lease that home serves, seen from both sides. */
export interface Served {
  readonly there: HomeLease;
  readonly here: MemLease;
  readonly client: RpcClient;
}

/** Far beyond what anything takes that is waited for: only a hang reaches it. */
const waitMsMax = 30_000;
const lookEveryMs = 2;

export class Stage {
  readonly #fixture: Fixture;
  /** By which this process takes part. */
  readonly classes: LeaseClasses;
  readonly #taken: { release(): Promise<unknown> }[] = [];
  readonly #others: HomeDriver[] = [];
  #home: HomeDriver | undefined;

  constructor(fixture: Fixture) {
    this.#fixture = fixture;
    this.classes = fixture.classes ?? { MemBuilder, FabricDns };
  }

  get plane(): PlaneName {
    return this.#fixture.plane;
  }

  /** For leases that are to expire under a case, yet not before it has begun. */
  get shortSecs(): number {
    return this.#fixture.shortLeaseSecs ?? 1;
  }

  /** The ways to call handlers that answer later. */
  get patientModes(): readonly CallMode[] {
    return this.#fixture.sharesThread ? ['call'] : callModes;
  }

  get home(): HomeDriver {
    if (this.#home === undefined) throw new Error('the stage has no home before it begins');
    return this.#home;
  }

  /** One more home, besides the one that every case has. */
  async spawnHome(): Promise<HomeDriver> {
    const other = await HomeDriver.start(await this.#fixture.spawnHome());
    this.#others.push(other);
    return other;
  }

  /** Attaches this process to a lease of a home. */
  attach(lease: HomeLease, options?: AttachOptions): Promise<MemLease> {
    return this.attachTo(lease.url, options);
  }

  async attachTo(reference: string, options?: AttachOptions): Promise<MemLease> {
    return this.adopt(await this.classes.MemBuilder.attach(reference, options));
  }

  /** Acquires a lease in this process. */
  async acquireHere(builder: MemBuilder = new this.classes.MemBuilder()): Promise<MemLease> {
    return this.adopt(await builder.acquire());
  }

  /** A lease at home with this process attached, and no server. */
  async hold(request: AcquireRequest = {}): Promise<{ there: HomeLease; here: MemLease }> {
    const there = await this.home.acquire(request);
    return { there, here: await this.attach(there) };
  }

  /** A lease that home serves, with a client here. */
  async serve(request: AcquireRequest = {}, options: RpcClientOptions = {}): Promise<Served> {
    const there = await this.home.acquire(request);
    await there.serve();
    return this.connect(there, options);
  }

  /** A client here of a lease whose server is open. */
  async connect(there: HomeLease, options: RpcClientOptions = {}): Promise<Served> {
    const here = await this.attach(there);
    return { there, here, client: new RpcClient(here, options) };
  }

  async openDns(): Promise<FabricDns> {
    const dns = await this.classes.FabricDns.open();
    this.#taken.push({ release: () => dns.close() });
    return dns;
  }

  /** Before a case: sees to it that there is a home. */
  async begin(): Promise<void> {
    if (this.#home?.alive) return;
    this.#home = await HomeDriver.start(await this.#fixture.spawnHome());
  }

  /** After a case, however it ended. */
  async end(): Promise<void> {
    for (const taken of this.#taken.splice(0)) await taken.release();
    await Promise.all(this.#others.splice(0).map((other) => other.kill()));
    if (!this.#home?.alive) return;
    try {
      await this.#home.ask('reset', {});
    } catch {
      await this.#home.kill(); // The next case gets another.
    }
  }

  async close(): Promise<void> {
    await this.#home?.kill();
  }

  /** Takes over a lease that the case has got by other means. */
  adopt(lease: MemLease): MemLease {
    this.#taken.push(lease);
    return lease;
  }
}

/** Resolves once the lease has ended here. */
export function ended(lease: MemLease): Promise<LeaseStatus> {
  if (lease.status !== 'active') return Promise.resolve(lease.status);
  return new Promise((resolve) => {
    lease.onEnd(resolve);
  });
}

/** Waits for what no event tells of. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAtMs = performance.now() + waitMsMax;
  while (!(await holds())) {
    if (performance.now() > giveUpAtMs) throw new Error(`waited ${waitMsMax} ms in vain until ${what}`);
    await setTimeout(lookEveryMs);
  }
}
