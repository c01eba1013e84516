// Each planted bug can be planted, in the source as in what is built from it, and the campaign finds it.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { hunt } from './hunt.ts';
import { filesOf, planted } from './plant.ts';
import { plantNamed, plants } from './plants.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(`${root}${path}`, 'utf8');
const program = `${root}dist/sim/planted/try-plant.js`;

describe.each(plants)('$name', (plant) => {
  test.each(filesOf(plant))('stands exactly once in %s, as source and as built', (file) => {
    for (const source of [read(`${file}.ts`), read(`dist/${file}.js`)]) {
      expect(planted(source, plant, file)).not.toBe(source);
    }
  });

  test('is found', async () => {
    const { seeds, failure } = await hunt(plant, 1, program);
    expect(failure).not.toBe('');
    expect(seeds).toBeLessThanOrEqual(plant.seedsMax);
  }, 600_000);
});

test('names are names of one bug each', () => {
  expect(new Set(plants.map(({ name }) => name)).size).toBe(plants.length);
  expect(() => plantNamed('no such bug')).toThrow(RangeError);
});

test('what stands nowhere, or twice, is refused', () => {
  const plant = { name: 'a', file: 'f', breaks: '', seedsMax: 1, replacements: [{ from: 'x  = 1;', to: 'x = 2;' }] };
  expect(planted('let x\n= 1;', { ...plant, replacements: [{ from: 'x = 1;', to: 'x = 2;' }] })).toBe('let x = 2;');
  expect(() => planted('y = 1;', { ...plant, replacements: [{ from: 'x = 1;', to: '' }] })).toThrow(RangeError);
  expect(() => planted('x = 1; x = 1;', { ...plant, replacements: [{ from: 'x = 1;', to: '' }] })).toThrow(RangeError);
});
