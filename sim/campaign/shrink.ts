// Finds a small part of a plan that still fails: leaves out halves, then quarters, down to single faults ("delta
// debugging", Zeller and Hildebrandt).

/** `fails` says whether a part of `all` fails; `all` itself does. At most `triesMax` parts are tried. */
export async function shrink(
  all: readonly number[],
  fails: (part: readonly number[]) => Promise<boolean>,
  triesMax = 400,
): Promise<readonly number[]> {
  let part = all;
  let tries = 0;
  for (let pieces = 2; part.length > 0 && tries < triesMax; ) {
    const size = Math.ceil(part.length / pieces);
    const smaller = await firstThatFails(part, size, async (rest) => {
      tries += 1;
      return fails(rest);
    });
    if (smaller !== undefined) {
      part = smaller;
      pieces = Math.max(2, pieces - 1);
    } else if (size === 1) break;
    else pieces = Math.min(part.length, pieces * 2);
  }
  return part;
}

async function firstThatFails(
  part: readonly number[],
  size: number,
  fails: (rest: readonly number[]) => Promise<boolean>,
): Promise<readonly number[] | undefined> {
  for (let from = 0; from < part.length; from += size) {
    const rest = [...part.slice(0, from), ...part.slice(from + size)];
    if (await fails(rest)) return rest;
  }
  return undefined;
}
