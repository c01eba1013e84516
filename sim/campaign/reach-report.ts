// What a campaign has reached of bridge's code, in words: how much of each file, which blocks never, and which rare ones with
// which kinds of faults.
import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import type { Block } from './block-map.ts';
import { type FaultKind, faultKinds, letterOf } from './fault.ts';
import type { Reach, ReachedFile } from './reach.ts';

/** Blocks that fewer runs reach are rare. */
const rareShare = 0.05;
/** Of the source, in a line of the report. */
const textLength = 90;

/** A block with something in it, and where that begins in the source. */
interface Place extends Block {
  readonly line: number;
  readonly text: string;
  /** Whether it is where something is refused. */
  readonly refuses: boolean;
}

export function reachReport(reach: Reach): string {
  const files = reach.files.map((file) => ({ name: file.name, places: placesOf(file) }));
  const count = (of: (place: Place) => boolean) => files.flatMap(({ places }) => places).filter(of).length;
  return [
    shareTable(files),
    `${count(({ reached }) => reached)} of ${count(() => true)} blocks of bridge reached in ${reach.runs} runs`,
    'never reached (! where something is refused):',
    ...files.flatMap(({ name, places }) =>
      places.filter(({ reached }) => !reached).map((place) => described(name, place)),
    ),
    rareTable(files, reach.runs),
  ].join('\n');
}

type Files = readonly { readonly name: string; readonly places: readonly Place[] }[];

function shareTable(files: Files): string {
  const rows = files.map(({ name, places }) => {
    const reached = places.filter((place) => place.reached).length;
    return `${percent(reached, places.length)} ${String(reached).padStart(4)} of ${String(places.length).padStart(4)}  ${name}.ts`;
  });
  return rows.join('\n');
}

function described(name: string, { line, text, refuses }: Place): string {
  return `  ${refuses ? '!' : ' '} ${name}.ts:${line}  ${text}`;
}

/** One row for each rare block: the runs that reached it, and in how many of them each kind of fault was. */
function rareTable(files: Files, runs: number): string {
  const kinds = Object.keys(faultKinds) as FaultKind[];
  const legend = kinds.map((kind, index) => `${letterOf(index)} ${kind}`).join(', ');
  const header = `${'runs'.padStart(6)}${kinds.map((_, index) => letterOf(index).padStart(4)).join('')}`;
  const rows = files.flatMap(({ name, places }) =>
    places
      .filter((place) => place.runs > 0 && place.runs < rareShare * runs)
      .map((place) => {
        const cells = kinds.map((kind) => String(place.runsWith.get(kind) ?? 0).padStart(4)).join('');
        return `${String(place.runs).padStart(6)}${cells}  ${name}.ts:${place.line}  ${place.text}`;
      }),
  );
  return [`rare blocks, and the faults of the runs that reached them: ${legend}`, header, ...rows].join('\n');
}

function placesOf(file: ReachedFile): Place[] {
  const map = sourceMapOf(file);
  const starts = lineStarts(file.source);
  return file.blocks.blocks
    .map((block) => placeOf(file, block, starts, map))
    .filter((place): place is Place => place !== undefined);
}

/** Undefined for a block that holds nothing but brackets, white space and comments. */
function placeOf(
  { source }: ReachedFile,
  block: Block,
  starts: readonly number[],
  map: SourceMap | undefined,
): Place | undefined {
  const code = source
    .slice(block.from, block.to)
    .replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, (comment) => ' '.repeat(comment.length));
  const inner = /[^\s{}()[\];,:]/.exec(code);
  if (inner === null) return undefined;
  const at = block.from + inner.index;
  const row = starts.findLastIndex((start) => start <= at);
  const line = map?.findEntry(row, at - (starts[row] as number));
  return {
    ...block,
    line: 1 + (line !== undefined && 'originalLine' in line ? line.originalLine : row),
    text: code.slice(inner.index).replace(/\s+/g, ' ').slice(0, textLength).trim(),
    refuses: /\bthrow\b|\breject\(|Error\(|[Mm]alformed|nonsense|fault|#refuse|#fail/.test(code),
  };
}

function sourceMapOf({ path }: ReachedFile): SourceMap | undefined {
  return existsSync(`${path}.map`) ? new SourceMap(JSON.parse(readFileSync(`${path}.map`, 'utf8'))) : undefined;
}

function lineStarts(source: string): number[] {
  const starts = [0];
  for (let at = source.indexOf('\n'); at >= 0; at = source.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function percent(part: number, whole: number): string {
  return `${whole === 0 ? 100 : Math.floor((100 * part) / whole)} %`.padStart(6);
}
