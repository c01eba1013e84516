// Runs in Node's loader: hands one file of the built code to the program with a bug in it.
import type { InitializeHook, LoadHook } from 'node:module';
import { type Plant, planted } from './plants.ts';

let plant: Plant | undefined;

export const initialize: InitializeHook<Plant> = async (data) => {
  plant = data;
};

export const load: LoadHook = async (url, context, nextLoad) => {
  const loaded = await nextLoad(url, context);
  if (plant === undefined || !url.endsWith(`/dist/${plant.file}.js`)) return loaded;
  const { source } = loaded;
  if (source === undefined) return loaded;
  return { ...loaded, source: planted(Buffer.from(source as Uint8Array).toString(), plant) };
};
