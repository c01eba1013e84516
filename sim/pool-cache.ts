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
    this.#eachPart(offset, bytes, (line, from, to, done) => copy.set(this.#line(line).subarray(from, to), done));
    return copy;
  }

  store(offset: number, source: Uint8Array): void {
    this.#pool.evictSome();
    this.#pool.changes += 1;
    this.#eachPart(offset, source.length, (line, from, to, done) => {
      this.#line(line).set(source.subarray(done, done + to - from), from);
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
    this.#writeBack(line);
    const page = this.#pages.get(Math.floor(line / pageLines));
    if (page === undefined) return;
    page.isThere[line % pageLines] = 0;
    if (page.mapped) this.#line(line);
  }

  /** With all of the line: what others have stored in it since it came is lost. */
  #writeBack(line: number): void {
    if (!this.#isDirty(line)) return;
    const { memory, onViolation } = this.#pool;
    const { view, base } = this.#partsOf(line);
    const inMemory = memory.subarray(line * lineBytes, (line + 1) * lineBytes);
    if (!equal(inMemory, base)) onViolation(`two hosts have stored in the line at ${line * lineBytes}`);
    inMemory.set(view);
    base.set(view);
    this.#pool.changes += 1;
  }

  #isDirty(line: number): boolean {
    const page = this.#pages.get(Math.floor(line / pageLines));
    if (page === undefined || page.isThere[line % pageLines] === 0) return false;
    const { view, base } = this.#partsOf(line);
    return !equal(view, base);
  }

  /** A line's bytes, which come from the pool if they are not there. */
  #line(line: number): Uint8Array {
    const page = this.#page(Math.floor(line / pageLines));
    const { view, base } = this.#partsOf(line);
    if (page.isThere[line % pageLines] === 0) {
      page.isThere[line % pageLines] = 1;
      const inMemory = this.#pool.memory.subarray(line * lineBytes, (line + 1) * lineBytes);
      view.set(inMemory);
      base.set(inMemory);
    }
    return view;
  }

  #partsOf(line: number): { view: Uint8Array; base: Uint8Array } {
    const page = this.#page(Math.floor(line / pageLines));
    const from = (line % pageLines) * lineBytes;
    return { view: page.view.subarray(from, from + lineBytes), base: page.base.subarray(from, from + lineBytes) };
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

function equal(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < lineBytes; i++) if (a[i] !== b[i]) return false;
  return true;
}
