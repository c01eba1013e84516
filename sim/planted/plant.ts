// A bug that can be planted: a change to the text of the code, which has to stand there exactly once.
import type { WorkloadName } from '../campaign/workloads.ts';

export interface Replacement {
  readonly from: string;
  readonly to: string;
  /** Where that is another file than the bug's first. */
  readonly file?: string;
}

export interface Plant {
  readonly name: string;
  /** From the root of the repository, without its ending. */
  readonly file: string;
  readonly breaks: string;
  readonly replacements: readonly Replacement[];
  /** Within so many seeds it is found, from wherever one begins. */
  readonly seedsMax: number;
  /** What the runs have in which it is looked for; what each seed draws, unless told. */
  readonly workloads?: readonly WorkloadName[];
}

/** Left out. */
export const dropped = (from: string): Replacement => ({ from, to: '' });

/** The files that a bug changes. */
export function filesOf({ file, replacements }: Plant): string[] {
  return [...new Set(replacements.map((each) => each.file ?? file))];
}

/**
 * The source of one of its files with the bug in it. Throws RangeError unless each text stands there exactly once; white space does not count,
 * as the compiler has its own.
 */
export function planted(source: string, plant: Plant, file: string = plant.file): string {
  const { name, replacements } = plant;
  return replacements
    .filter((each) => (each.file ?? plant.file) === file)
    .reduce((text, { from, to }) => {
      const [before, after, ...more] = text.split(patternOf(from));
      if (after === undefined || more.length > 0) {
        throw new RangeError(
          `${name}: ${JSON.stringify(from)} stands in the source ${after === undefined ? 'nowhere' : 'twice'}`,
        );
      }
      return `${before}${to}${after}`;
    }, source);
}

function patternOf(text: string): RegExp {
  const words = text.split(' ').map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(words.join('\\s+'));
}
