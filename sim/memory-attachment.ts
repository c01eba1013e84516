// What file descriptors are between processes: a handle on something shared, handed over as a copy with a life of its
// own. A ledger counts the open ones, so that a test can show that none is forgotten.
import type { Attachment } from '#bridge';

export interface AttachmentLedger {
  open: number;
}

/** A resource that goes when the last handle or user of it does. */
export abstract class CountedResource {
  #users = 0;

  retain(): void {
    this.#users += 1;
  }

  release(): void {
    this.#users -= 1;
    if (this.#users === 0) this.onUnused();
  }

  protected abstract onUnused(): void;
}

export class MemoryAttachment<T = unknown> implements Attachment {
  readonly resource: T;
  readonly #ledger: AttachmentLedger;
  #closed = false;

  constructor(resource: T, ledger: AttachmentLedger) {
    this.resource = resource;
    this.#ledger = ledger;
    ledger.open += 1;
    if (resource instanceof CountedResource) resource.retain();
  }

  get closed(): boolean {
    return this.#closed;
  }

  duplicate(): MemoryAttachment<T> {
    return new MemoryAttachment(this.resource, this.#ledger);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ledger.open -= 1;
    if (this.resource instanceof CountedResource) this.resource.release();
  }
}
