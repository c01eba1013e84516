// Transcripts of leases and their memory while nothing goes wrong.
import type { Scene, Script } from './script.ts';

export const memoryScripts: readonly Script[] = [
  { name: 'memory from both sides', determined: true, run: memoryFromBothSides },
  { name: 'a home that is stopped', determined: true, run: stoppedHome },
  { name: 'a flag after its payload', determined: false, run: (scene) => flagAfterPayload(scene, 2 ** 20, 3) },
  { name: 'a flag after more than the card takes at once', determined: false, run: longFlag },
  { name: 'reads of what is being written', determined: false, run: readsOfWritten },
];

async function memoryFromBothSides({ home, holder }: Scene): Promise<void> {
  const url = await home.do('acquire', { lease: 'memory' });
  await holder.do('attach', { lease: 'memory', url, slots: 0 });
  await holder.do('write', { lease: 'memory', offset: 0, values: [1, 2, 3, 4] });
  await home.do('read', { lease: 'memory', offset: 0, bytes: 6 });
  await home.do('write', { lease: 'memory', offset: 2, values: [9, 9] });
  await holder.do('read', { lease: 'memory', offset: 0, bytes: 6 });
  for (const actor of [home, holder]) {
    await actor.do('add', { lease: 'memory', offset: 64, delta: 5 });
    await actor.do('swap', { lease: 'memory', offset: 64, expected: 10, desired: 7 });
    await actor.do('swap', { lease: 'memory', offset: 64, expected: 10, desired: 8 });
    await actor.do('read', { lease: 'memory', offset: 65_530, bytes: 6 });
    await actor.do('read', { lease: 'memory', offset: 65_530, bytes: 7 });
    await actor.do('write', { lease: 'memory', offset: 65_536, values: [1] });
    await actor.do('add', { lease: 'memory', offset: 60, delta: 1 });
  }
  await holder.do('release', { lease: 'memory' });
  await holder.do('read', { lease: 'memory', offset: 0, bytes: 1 });
  await home.do('status', { lease: 'memory' });
  await home.do('release', { lease: 'memory' });
}

/** Its card goes on. */
async function stoppedHome(scene: Scene): Promise<void> {
  const { home, holder } = scene;
  const url = await home.do('acquire', { lease: 'memory' });
  await home.do('serve', { lease: 'memory' });
  await holder.do('attach', { lease: 'memory', url });
  await holder.do('client', { lease: 'memory' });
  await scene.stop('home');
  await holder.do('beginCall', { lease: 'memory', method: 'echo', text: 'hello', as: 'call' });
  await holder.do('write', { lease: 'memory', offset: 40_000, values: [7] });
  await holder.do('add', { lease: 'memory', offset: 40_000, delta: 1 });
  await holder.do('read', { lease: 'memory', offset: 40_000, bytes: 2 });
  await scene.goOn('home');
  await holder.do('settled', { as: 'call' });
  await home.do('read', { lease: 'memory', offset: 40_000, bytes: 2 });
}

async function flagAfterPayload({ home, holder }: Scene, bytes: number, rounds: number): Promise<void> {
  const url = await home.do('acquire', { lease: 'memory', bytes: bytes + 16 });
  await holder.do('attach', { lease: 'memory', url, slots: 0 });
  await home.do('follow', { lease: 'memory', bytes, rounds });
  await holder.do('publish', { lease: 'memory', bytes, rounds });
  await holder.do('settled', { as: 'publish' });
  await home.do('settled', { as: 'follow' });
}

function longFlag(scene: Scene): Promise<void> {
  return flagAfterPayload(scene, 3 * 2 ** 20, 1);
}

async function readsOfWritten({ home, holder }: Scene): Promise<void> {
  const bytes: number = 2 ** 17;
  const url = await home.do('acquire', { lease: 'memory', bytes });
  await holder.do('attach', { lease: 'memory', url, slots: 0 });
  await home.do('rewrite', { lease: 'memory', bytes });
  await holder.do('readThrough', { lease: 'memory', bytes, rounds: 20 });
  await home.do('giveUp', { as: 'rewrite' });
  await home.do('settled', { as: 'rewrite' });
}
