// One host's cache of a pool, as nothing keeps it coherent with the others': lines that are there stay as they are until
// they are invalidated or evicted; stores stay there until they are flushed or evicted, and then the whole line goes. All
// processes of the host share it. What a program maps is looked at without asking, so such lines are always there: one
// that leaves comes back at once, as if it had been prefetched.
import { invariant, type LineMemory, lineBytes } from '#bridge';
import type { Pool } from './pool.ts';

export const poolPageBytes = 4096;
const pageLines: number = poolPageBytes / lineBytes;

interface Page {
  view: Uint8Array;
  /** What each line was when it came; where the view differs, it is dirty. */
  readonly base: Uint8Array;
  readonly isThere: Uint8Array;
  mapped: boolean;
}

export class PoolCache implements LineMemory {
  readonly #pool: Pool;
  readonly #pages = new Map<number, Page>();
  /** Numbers of pages, in the order in which they came. */
  readonly #pageNumbers: number[] = [];
  /** Lines that were stored to and may be dirty; the oldest are forgotten. */
  readonly #stored: number[] = [];
  /** Lines that are flushed by the next fence. */
  readonly #late = new Set<number>();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  load(offset: number, bytes: number): Uint8Array {
    this.#pool.evictSome();
    const copy = new Uint8Array(bytes);
    this.#eachPart(offset, bytes, (line, from, to, done) => {
      const { view } = this.#line(line);
      const at = placeOf(line) - done;
      for (let i = done; i < done + to - from; i++) copy[i] = view[at + from + i] as number;
    });
    return copy;
  }

  store(offset: number, source: Uint8Array): void {
    this.#pool.evictSome();
    this.#pool.changes += 1;
    this.#eachPart(offset, source.length, (line, from, to, done) => {
      this.#line(line).view.set(source.subarray(done, done + to - from), placeOf(line) + from);
      if (this.#stored.push(line) > storedMax) this.#stored.shift();
    });
  }

  flush(offset: number, bytes: number): void {
    this.#pool.evictSome();
    this.#eachPart(offset, bytes, (line) => {
      if (this.#pool.flushesLate()) this.#late.add(line);
      else this.#writeBack(line);
    });
  }

  invalidate(offset: number, bytes: number): void {
    this.#pool.evictSome();
    this.#eachPart(offset, bytes, (line) => this.#drop(line));
  }

  fence(): void {
    for (const line of this.#late) this.#writeBack(line);
    this.#late.clear();
    this.#pool.evictSome();
  }

  /** The lines as a program sees them that maps them, from `at` on, whole pages. Ends with unmap(). */
  map(at: number, bytes: number): ArrayBuffer {
    invariant(at % poolPageBytes === 0 && bytes % poolPageBytes === 0, 'what is mapped are pages');
    const buffer = new ArrayBuffer(bytes);
    for (let offset = 0; offset < bytes; offset += poolPageBytes) {
      const page = this.#page((at + offset) / poolPageBytes);
      invariant(!page.mapped, 'a page is mapped once');
      const view = new Uint8Array(buffer, offset, poolPageBytes);
      view.set(page.view);
      page.view = view;
      page.mapped = true;
      for (let i = 0; i < pageLines; i++) this.#line((at + offset) / lineBytes + i);
    }
    return buffer;
  }

  /** Nobody looks there any more: what is in the cache stays in the cache. */
  unmap(at: number, bytes: number): void {
    for (let offset = 0; offset < bytes; offset += poolPageBytes) {
      const page = this.#page((at + offset) / poolPageBytes);
      page.view = page.view.slice();
      page.mapped = false;
    }
  }

  /** Whether stores to some of these bytes are still to be written back. */
  isDirty(offset: number, bytes: number): boolean {
    let dirty = false;
    this.#eachPart(offset, bytes, (line) => {
      dirty ||= this.#isDirty(line);
    });
    return dirty;
  }

  /** One line leaves: as often one that was stored to as any other. */
  evictOne(): void {
    const { pick } = this.#pool;
    if (this.#stored.length > 0 && pick(2) === 0) {
      const [line] = this.#stored.splice(pick(this.#stored.length), 1);
      return this.#drop(line as number);
    }
    const page = this.#pageNumbers[pick(this.#pageNumbers.length)];
    if (page !== undefined) this.#drop(page * pageLines + pick(pageLines));
  }

  #drop(line: number): void {
    const page = this.#pages.get(Math.floor(line / pageLines));
    if (page === undefined) return;
    this.#writeBack(line);
    page.isThere[line % pageLines] = 0;
    if (page.mapped) this.#line(line);
  }

  /** With all of the line: what others have stored in it since it came is lost. */
  #writeBack(line: number): void {
    if (!this.#isDirty(line)) return;
    const { memory, onViolation } = this.#pool;
    const { view, base } = this.#page(Math.floor(line / pageLines));
    const [at, from] = [line * lineBytes, placeOf(line)];
    if (!isSameLine(memory, at, base, from)) onViolation(`two hosts have stored in the line at ${at}`);
    copyLine(view, from, memory, at);
    copyLine(view, from, base, from);
    this.#pool.changes += 1;
  }

  #isDirty(line: number): boolean {
    const page = this.#pages.get(Math.floor(line / pageLines));
    if (page === undefined || page.isThere[line % pageLines] === 0) return false;
    return !isSameLine(page.view, placeOf(line), page.base, placeOf(line));
  }

  /** A line's page, where the line is now: it comes from the pool if it was not there. */
  #line(line: number): Page {
    const page = this.#page(Math.floor(line / pageLines));
    if (page.isThere[line % pageLines] === 0) {
      page.isThere[line % pageLines] = 1;
      copyLine(this.#pool.memory, line * lineBytes, page.view, placeOf(line));
      copyLine(this.#pool.memory, line * lineBytes, page.base, placeOf(line));
    }
    return page;
  }

  #page(number: number): Page {
    let page = this.#pages.get(number);
    if (page === undefined) {
      const [view, base] = [new Uint8Array(poolPageBytes), new Uint8Array(poolPageBytes)];
      page = { view, base, isThere: new Uint8Array(pageLines), mapped: false };
      this.#pages.set(number, page);
      this.#pageNumbers.push(number);
    }
    return page;
  }

  /** For each line that is touched: which of its bytes, and how many came before. */
  #eachPart(
    offset: number,
    bytes: number,
    visit: (line: number, from: number, to: number, done: number) => void,
  ): void {
    invariant(offset >= 0 && offset + bytes <= this.#pool.memory.length, 'a pool is touched inside');
    for (let done = 0; done < bytes; ) {
      const line = Math.floor((offset + done) / lineBytes);
      const from = offset + done - line * lineBytes;
      const to = Math.min(lineBytes, from + bytes - done);
      visit(line, from, to, done);
      done += to - from;
    }
  }
}

const storedMax = 256;

/** Where a line begins in its page. */
function placeOf(line: number): number {
  return (line % pageLines) * lineBytes;
}

function isSameLine(a: Uint8Array, atA: number, b: Uint8Array, atB: number): boolean {
  for (let i = 0; i < lineBytes; i++) if (a[atA + i] !== b[atB + i]) return false;
  return true;
}

function copyLine(from: Uint8Array, at: number, to: Uint8Array, atTo: number): void {
  for (let i = 0; i < lineBytes; i++) to[atTo + i] = from[at + i] as number;
}
