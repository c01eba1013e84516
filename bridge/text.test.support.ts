// Arbitrary text with more than letters in it. (fast-check's own `binary` unit takes two seconds to get ready.)
import fc from 'fast-check';

const letters = [
  'a',
  'Z',
  '0',
  ' ',
  '\0',
  '\n',
  '"',
  '\\',
  '/',
  '.',
  '\u007f',
  'é',
  'ß',
  '€',
  '中',
  '\ufeff',
  '💥',
  '👩‍🚀',
];

/** Text that survives UTF-8. */
export function wellFormedText(maxLength: number): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...letters), maxLength });
}

/** Any text, lone surrogates included. */
export const anyText: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.nat(0x7f), fc.nat(0xffff)), { maxLength: 40 })
  .map((units) => String.fromCharCode(...units));
