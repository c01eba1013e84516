// Runs in Node's loader: hands one file of the built code to the program with a bug in it.
import type { InitializeHook, LoadHook } from 'node:module';
import { filesOf, type Plant, planted } from './plant.ts';

let plant: Plant | undefined;

export const initialize: InitializeHook<Plant> = async (data) => {
  plant = data;
};

export const load: LoadHook = async (url, context, nextLoad) => {
  const loaded = await nextLoad(url, context);
  const { source } = loaded;
  if (plant === undefined || source === undefined) return loaded;
  const file = filesOf(plant).find((each) => url.endsWith(`/dist/${each}.js`));
  if (file === undefined) return loaded;
  return { ...loaded, source: planted(Buffer.from(source as Uint8Array).toString(), plant, file) };
};
