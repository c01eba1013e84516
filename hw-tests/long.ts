// How much is done where more of the same shows more: in `npm test` enough to find what is wrong every time, and with
// LEASEWIRE_LONG_TESTS=1 all of it, for which there is no time at each change.
export const isLong: boolean = process.env['LEASEWIRE_LONG_TESTS'] === '1';

/** For programs on nodes, which inherit no environment of ours. */
export const longEnvironment: Readonly<Record<string, string>> = { LEASEWIRE_LONG_TESTS: isLong ? '1' : '0' };

export function soaked(short: number, long: number): number {
  return isLong ? long : short;
}
