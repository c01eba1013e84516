// Transcripts of what is lost: the way between the nodes, and processes at either end.
import { serve } from './call-scripts.ts';
import type { Scene, Script } from './script.ts';

export const faultScripts: readonly Script[] = [
  { name: 'a cut that nobody notices', determined: true, run: unnoticedCut },
  { name: 'a cut under a call', determined: false, run: cutUnderCall },
  { name: 'a cut under a call that may run twice', determined: false, run: cutUnderIdempotentCall },
  { name: 'a cut under an addition', determined: false, run: cutUnderAddition },
  { name: 'a cut under a long write', determined: false, run: cutUnderWrite },
  {
    name: 'items of a queue through a cut, to the home',
    determined: false,
    run: (scene) => queueThroughCut(scene, 'there'),
  },
  {
    name: 'items of a queue through a cut, from the home',
    determined: false,
    run: (scene) => queueThroughCut(scene, 'back'),
  },
  { name: 'connections end under a call', determined: false, run: disconnectedUnderCall },
  { name: 'connections end while nobody calls', determined: false, run: disconnectedIdle },
  { name: 'connections end under a stream', determined: false, run: disconnectedUnderStream },
  { name: 'the holder is killed under a call', determined: false, run: holderKilled },
  { name: 'the holder is killed under a long write', determined: false, run: holderKilledWriting },
  { name: 'the holder is killed under writes to a home that is stopped', determined: false, run: holderKilledUnseen },
  { name: 'the home is killed under a call', determined: false, run: homeKilled },
];

/** A card gives up after half a second. */
const cutMs = 1000;

async function unnoticedCut(scene: Scene): Promise<void> {
  await serve(scene, [scene.holder], { slots: 1 });
  const call = (text: string) => scene.holder.do('call', { lease: 'served', method: 'echo', text });
  await call('before');
  await scene.cut(cutMs, async () => undefined);
  await call('after');
}

async function cutUnderCall(scene: Scene): Promise<void> {
  const { holder } = scene;
  await serve(scene, [holder], { slots: 1 });
  await holder.do('call', { lease: 'served', method: 'echo', text: 'before' });
  await scene.cut(cutMs, async () => {
    await holder.do('call', { lease: 'served', method: 'echo', text: 'during' });
  });
  await holder.do('call', { lease: 'served', method: 'echo', text: 'after' });
  await holder.do('read', { lease: 'served', offset: 0, bytes: 0 });
}

async function cutUnderIdempotentCall(scene: Scene): Promise<void> {
  const { holder } = scene;
  await serve(scene, [holder], { slots: 1 });
  await holder.do('call', { lease: 'served', method: 'echo', text: 'before' });
  await scene.cut(cutMs, async () => {
    await holder.do('beginCall', { lease: 'served', method: 'quiet', text: 'during', idempotent: true, as: 'call' });
    await holder.do('saw', { line: 'served is interrupted' });
  });
  await holder.do('settled', { as: 'call' });
  await holder.do('call', { lease: 'served', method: 'echo', text: 'after' });
}

async function cutUnderAddition(scene: Scene): Promise<void> {
  const { home, holder } = scene;
  const url = await home.do('acquire', { lease: 'memory' });
  await holder.do('attach', { lease: 'memory', url, slots: 0 });
  await scene.cut(cutMs, async () => {
    await holder.do('add', { lease: 'memory', offset: 0, delta: 1 });
  });
  await holder.do('add', { lease: 'memory', offset: 8, delta: 1 });
  await home.do('read', { lease: 'memory', offset: 0, bytes: 16 });
}

/** The cut comes when the home has seen the first bytes. */
async function cutUnderWrite(scene: Scene): Promise<void> {
  const { home, holder } = scene;
  const bytes: number = 8 * 2 ** 20;
  const url = await home.do('acquire', { lease: 'memory', bytes });
  await holder.do('attach', { lease: 'memory', url, slots: 0 });
  await holder.do('fill', { lease: 'memory', offset: 0, bytes, value: 1, as: 'long' });
  await home.do('firstByte', { lease: 'memory', offset: 1, value: 1 });
  await scene.cut(cutMs, () => holder.do('settled', { as: 'long' }).then(() => undefined));
  await home.do('sample', { lease: 'memory', offset: 0, bytes, value: 1 });
  await holder.do('fill', { lease: 'memory', offset: 0, bytes, value: 2, as: 'again' });
  await holder.do('settled', { as: 'again' });
  await home.do('sample', { lease: 'memory', offset: 0, bytes, value: 2 });
}

async function queueThroughCut(scene: Scene, name: 'there' | 'back'): Promise<void> {
  const { home, holder } = scene;
  const [producer, consumer] = name === 'there' ? [holder, home] : [home, holder];
  const url = await home.do('acquire', { lease: name });
  await home.do('createQueue', { lease: name, capacity: 8 });
  await holder.do('attach', { lease: name, url });
  await holder.do('attachQueue', { lease: name });
  await consumer.do('receive', { lease: name, count: 1000 });
  await producer.do('send', { lease: name, from: 1, to: 3 });
  await producer.do('settled', { as: `send ${name}` });
  // Only who sends learns of it; of a home, nobody else is told before the cut is over.
  await scene.cut(1.5 * cutMs, async () => {
    await producer.do('send', { lease: name, from: 4, to: 30, close: true });
  });
  await producer.do('settled', { as: `send ${name}` });
  await consumer.do('settled', { as: `receive ${name}` });
}

async function disconnectedUnderCall(scene: Scene): Promise<void> {
  const { home, holder } = scene;
  await serve(scene, [holder], { slots: 1 });
  await holder.do('call', { lease: 'served', method: 'echo', text: 'before' });
  await holder.do('beginCall', { lease: 'served', method: 'never', text: 'during', as: 'call' });
  await home.do('saw', { line: 'handles during' });
  await scene.disconnect();
  await holder.do('settled', { as: 'call' });
  await holder.do('call', { lease: 'served', method: 'echo', text: 'after' });
  await home.do('status', { lease: 'served' });
}

async function disconnectedIdle(scene: Scene): Promise<void> {
  const { holder } = scene;
  await serve(scene, [holder], { slots: 1 });
  await scene.disconnect();
  await holder.do('saw', { line: 'served is resumed' });
  await holder.do('write', { lease: 'served', offset: 40_000, values: [1] });
  await holder.do('call', { lease: 'served', method: 'echo', text: 'after' });
}

async function disconnectedUnderStream(scene: Scene): Promise<void> {
  const { holder } = scene;
  await serve(scene, [holder], { slots: 1 });
  await holder.do('openStream', { lease: 'served', stream: 'endless', text: 'endless' });
  await holder.do('takeFrom', { stream: 'endless', count: 3 });
  await scene.disconnect();
  await holder.do('saw', { line: 'served is resumed' });
  await holder.do('sendOn', { stream: 'endless', count: 1 });
  await holder.do('settled', { as: 'send endless' });
  await holder.do('call', { lease: 'served', method: 'quiet', text: 'after' });
}

/** Its slot is free for others once its session has ended. */
async function holderKilled(scene: Scene): Promise<void> {
  const { home, holder, other } = scene;
  const url = await serve(scene, [holder], { slots: 1 });
  await holder.do('beginCall', { lease: 'served', method: 'never', text: 'during', as: 'call' });
  await home.do('saw', { line: 'handles during' });
  await other.do('attach', { lease: 'early', url });
  await scene.kill('holder');
  await home.do('saw', { line: 'gives during up: Disconnected, may have executed' });
  await other.do('attach', { lease: 'served', url });
  await other.do('client', { lease: 'served' });
  await other.do('call', { lease: 'served', method: 'echo', text: 'after' });
}

async function holderKilledWriting(scene: Scene): Promise<void> {
  const { home, holder } = scene;
  const bytes: number = 4 * 2 ** 20;
  const url = await home.do('acquire', { lease: 'memory', bytes });
  await holder.do('attach', { lease: 'memory', url, slots: 0 });
  await holder.do('fill', { lease: 'memory', offset: 0, bytes, value: 1, as: 'long' });
  await home.do('firstByte', { lease: 'memory', offset: 1, value: 1 });
  await scene.kill('holder');
  await scene.wait(1000);
  await home.do('sample', { lease: 'memory', offset: 0, bytes, value: 1 });
  await home.do('status', { lease: 'memory' });
}

/** Nobody at home closes anything: what is not there is what never came. */
async function holderKilledUnseen(scene: Scene): Promise<void> {
  const { home, holder } = scene;
  const bytes: number = 16 * 2 ** 20;
  const url = await home.do('acquire', { lease: 'memory', bytes });
  await holder.do('attach', { lease: 'memory', url, slots: 0 });
  await holder.do('fill', { lease: 'memory', offset: 0, bytes, value: 1, as: 'long', writes: 4 });
  await home.do('firstByte', { lease: 'memory', offset: 1, value: 1 });
  await scene.stop('home');
  await scene.kill('holder');
  await scene.wait(1000);
  await scene.goOn('home');
  await home.do('sample', { lease: 'memory', offset: 0, bytes, value: 1 });
}

async function homeKilled(scene: Scene): Promise<void> {
  const { home, holder } = scene;
  const url = await serve(scene, [holder], { slots: 1 });
  await holder.do('call', { lease: 'served', method: 'echo', text: 'before' });
  await holder.do('beginCall', { lease: 'served', method: 'never', text: 'during', as: 'call' });
  await home.do('saw', { line: 'handles during' });
  await scene.kill('home');
  await holder.do('settled', { as: 'call' });
  await holder.do('over', { lease: 'served' });
  await holder.do('call', { lease: 'served', method: 'echo', text: 'after' });
  await holder.do('attach', { lease: 'again', url });
}
