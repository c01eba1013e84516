// What of bridge's code a campaign runs, block by block, as V8 counts it. It has to begin before that code is loaded.
import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { fileURLToPath } from 'node:url';
import { BlockMap } from './block-map.ts';
import type { FaultKind } from './fault.ts';

export interface ReachedFile {
  /** From the root of the repository, without its ending. */
  readonly name: string;
  /** Of the built file. */
  readonly path: string;
  readonly source: string;
  readonly blocks: BlockMap;
}

/** What is of interest: native planes are never loaded here. */
const ofBridge = /\/dist\/(bridge\/.*)\.js$/;

export class Reach {
  runs = 0;
  readonly #session = new Session();
  readonly #files = new Map<string, ReachedFile>();

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  get files(): ReachedFile[] {
    return [...this.#files.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** A run is over, which had such faults; without any list, the code was only loaded. */
  note(kinds?: Iterable<FaultKind>): void {
    if (kinds !== undefined) this.runs += 1;
    this.#session.post('Profiler.takePreciseCoverage', (error, taken) => {
      if (error !== null) throw error;
      for (const { url, functions } of taken.result) this.#fileAt(url)?.blocks.add(functions, kinds);
    });
  }

  close(): void {
    this.#session.disconnect();
  }

  #fileAt(url: string): ReachedFile | undefined {
    const name = ofBridge.exec(url)?.[1];
    if (name === undefined) return undefined;
    const known = this.#files.get(name);
    if (known !== undefined) return known;
    const path = fileURLToPath(url);
    const source = readFileSync(path, 'utf8');
    const file = { name, path, source, blocks: new BlockMap(source.length) };
    this.#files.set(name, file);
    return file;
  }
}
