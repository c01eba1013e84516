// A lease at a holder. Its deadline is counted from before the home was asked, less a margin, so that the holder stops
// first; news of a renewal only makes it ask again. Where the way to the home is lost, and may be found again, the lease
// is interrupted: its time runs on, and what needs the home waits.

import type { SlotGrant } from '../control/messages.ts';
import type { Timer } from '../environment.ts';
import { Contention, Unsupported } from '../errors.ts';
import type { HeldMemory } from '../plane/plane.ts';
import type { SlotLayout } from './control-page.ts';
import { Interruption } from './interruption.ts';
import { type ClientSlots, checkLeaseMs, Lease, type LeaseContext, type RevokeOutcome } from './lease.ts';
import type { LeaseId } from './lease-id.ts';
import type { EndedStatus } from './lease-status.ts';
import { holderMarginMs } from './renewal.ts';

/** The home, as a holder reaches it. Each request resolves to the time that remains, or rejects with the home's refusal. */
export interface Home {
  remaining(lease: HeldLease): Promise<number>;
  renew(lease: HeldLease, leaseMs: number): Promise<number>;
  /** The lease is not held here any more. `tellHome` is false where the home has said so itself. */
  detach(lease: HeldLease, tellHome: boolean): Promise<void>;
}

/** How a lease is reached, and what its home said of its time. */
export interface HeldBinding {
  readonly memory: HeldMemory;
  readonly slots: SlotGrant | null;
  readonly layout: SlotLayout;
  readonly home: Home;
  /** When the home was asked, by this process's clock, and what it then said. */
  readonly askedAtMs: number;
  readonly remainingMs: number;
  readonly leaseMs: number;
}

export interface HeldGrant extends HeldBinding {
  readonly id: LeaseId;
  readonly generation: number;
}

/** Below this there is no point in asking the home once more before the deadline. */
const askAgainMsMin = 50;
const askAgainFraction = 0.9;

export class HeldLease extends Lease {
  #memory: HeldMemory;
  #home: Home;
  override readonly layout: SlotLayout;
  #slots: SlotGrant | null;
  #slotsClaimed = false;
  #interruption: Interruption | undefined;
  readonly #interruptedListeners: (() => void)[] = [];
  readonly #resumedListeners: ((slots: ClientSlots | undefined) => void)[] = [];
  #askTimer: Timer | undefined;
  #detached: Promise<void> | undefined;

  constructor(grant: HeldGrant, context: LeaseContext) {
    const { id, generation, memory, remainingMs, leaseMs, askedAtMs } = grant;
    const deadlineMs = askedAtMs + remainingMs - holderMarginMs(remainingMs);
    super({ id, generation, window: memory.window, deadlineMs, leaseMs }, context);
    this.#memory = memory;
    this.#home = grant.home;
    this.#slots = grant.slots;
    this.layout = grant.layout;
    context.metrics.leasesAttached += 1;
    context.metrics.leasesActive += 1;
    this.#keepTime(askedAtMs, remainingMs, leaseMs);
  }

  override async renew(leaseMs: number = this.leaseMs): Promise<void> {
    checkLeaseMs(leaseMs);
    if (this.interrupted) await this.whenReached();
    this.checkDeadline();
    const askedAtMs = this.context.environment.clock.nowMs();
    this.#keepTime(askedAtMs, await this.#home.renew(this, leaseMs), leaseMs);
    this.context.metrics.leasesRenewed += 1;
  }

  override async release(): Promise<void> {
    this.end('released');
    await this.#detached;
  }

  override revoke(): Promise<RevokeOutcome> {
    return Promise.reject(new Unsupported(`lease ${this.id} can only be revoked by its home`));
  }

  override claimClientSlots(_count?: number): ClientSlots {
    this.checkDeadline();
    const slots = this.#clientSlots();
    if (slots === undefined) {
      throw new Unsupported(
        `lease ${this.id} was attached without a slot: it had no server then, or only memory was asked for`,
      );
    }
    if (this.#slotsClaimed) throw new Contention(`the slot of lease ${this.id} has a client already`);
    this.#slotsClaimed = true;
    return slots;
  }

  /** As its plane bound it. */
  get boundMemory(): HeldMemory {
    return this.#memory;
  }

  /** How many slots it was attached with. */
  get slotCount(): number {
    return this.#slots?.count ?? 0;
  }

  override get interrupted(): boolean {
    return this.#interruption !== undefined;
  }

  override async whenReached(): Promise<void> {
    const waiter = {};
    while (this.#interruption !== undefined && this.status === 'active') {
      this.#memory.keepAlive(waiter, true);
      await this.#interruption.over;
    }
    this.#memory.keepAlive(waiter, false);
  }

  override onInterrupted(listener: () => void): void {
    this.#interruptedListeners.push(listener);
  }

  override onResumed(listener: (slots: ClientSlots | undefined) => void): void {
    this.#resumedListeners.push(listener);
  }

  /** The way to the home is lost, and is looked for. */
  interrupt(): void {
    if (this.status !== 'active' || this.#interruption !== undefined) return;
    this.#interruption = new Interruption();
    this.context.metrics.leasesInterrupted += 1;
    for (const listener of this.#interruptedListeners) listener();
  }

  /** The home is reached again. */
  resume(binding: HeldBinding): void {
    this.#memory = binding.memory;
    this.#slots = binding.slots;
    this.#home = binding.home;
    this.#interruption?.end();
    this.#interruption = undefined;
    this.context.metrics.leasesResumed += 1;
    this.#keepTime(binding.askedAtMs, binding.remainingMs, binding.leaseMs);
    const slots = this.#clientSlots();
    for (const listener of this.#resumedListeners) listener(slots);
  }

  /** The home moved the deadline: what it said is only a reason to ask. */
  async refresh(): Promise<void> {
    if (this.status !== 'active') return;
    const askedAtMs = this.context.environment.clock.nowMs();
    try {
      this.#keepTime(askedAtMs, await this.#home.remaining(this), this.leaseMs);
    } catch {
      // The deadline that is known stands; a connection that failed ends the lease by itself.
    }
  }

  protected override teardown(status: EndedStatus): void {
    this.context.metrics.leasesActive -= 1;
    this.#askTimer?.cancel();
    this.#interruption?.end();
    this.#memory.close();
    const tellHome = status === 'released' || status === 'expired';
    this.#detached = this.#home.detach(this, tellHome).catch(() => undefined);
  }

  #clientSlots(): ClientSlots | undefined {
    const port = this.#memory.clientPort;
    if (this.#slots === null || port === undefined) return undefined;
    return { ...this.#slots, port };
  }

  #keepTime(askedAtMs: number, remainingMs: number, leaseMs: number): void {
    if (this.status !== 'active') return;
    this.setDeadline(askedAtMs + remainingMs - holderMarginMs(remainingMs), leaseMs);
    this.#askTimer?.cancel();
    const askInMs = remainingMs * askAgainFraction;
    if (remainingMs - askInMs < askAgainMsMin) return;
    this.#askTimer = this.context.environment.clock.after(askInMs, () => void this.refresh());
  }
}
