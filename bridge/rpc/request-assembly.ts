// A request that is longer than its slot, while its fragments come in.
import type { IncomingPayload } from './payload-transfer.ts';
import type { RequestHeader } from './served-call.ts';

export class Assembly {
  readonly header: RequestHeader;
  /** The request's status. */
  readonly found: number;
  readonly deadlineMs: number;
  readonly bytes: number;
  /** Makes room for it. */
  readonly begin: () => void;
  /** Undefined while it waits for room. */
  incoming: IncomingPayload | undefined;

  constructor(
    header: RequestHeader,
    found: number,
    bytes: number,
    deadlineMs: number,
    begin: (assembly: Assembly) => void,
  ) {
    this.header = header;
    this.found = found;
    this.bytes = bytes;
    this.deadlineMs = deadlineMs;
    this.begin = () => begin(this);
  }
}
