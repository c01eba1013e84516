// What file descriptors are between processes: a handle on something shared, handed over as a copy with a life of its
// own. A ledger counts the open ones, so that a test can show that none is forgotten.
import type { Attachment } from '#bridge';

export interface AttachmentLedger {
  open: number;
}

export class MemoryAttachment<T = unknown> implements Attachment {
  readonly resource: T;
  readonly #ledger: AttachmentLedger;
  #closed = false;

  constructor(resource: T, ledger: AttachmentLedger) {
    this.resource = resource;
    this.#ledger = ledger;
    ledger.open += 1;
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
  }
}
