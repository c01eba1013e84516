// How much is done where more of the same shows more: enough to find what is wrong every time in `npm test`, and as much as
// was promised with LEASEWIRE_LONG_TESTS=1, for which there is no time at each change.
const isLong = process.env['LEASEWIRE_LONG_TESTS'] === '1';

export function soaked(short: number, long: number): number {
  return isLong ? long : short;
}
