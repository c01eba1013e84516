// Transcripts of calls, streams, queues and services while nothing goes wrong on the way.
import type { Actor, Scene, Script } from './script.ts';

export const callScripts: readonly Script[] = [
  { name: 'calls and their errors, classic layout', determined: true, run: (scene) => callsAndErrors(scene) },
  { name: 'calls and their errors, slots layout', determined: true, run: (scene) => callsAndErrors(scene, 4) },
  { name: 'a deadline, then the late answer, classic layout', determined: true, run: (scene) => lateAnswer(scene) },
  { name: 'a deadline, then the late answer, slots layout', determined: true, run: (scene) => lateAnswer(scene, 1) },
  { name: 'calls given up', determined: true, run: callsGivenUp },
  { name: 'two clients with several calls each', determined: true, run: twoClients },
  { name: 'streams', determined: true, run: streamsThrough },
  { name: 'a queue to the home, and one from there', determined: true, run: queueBothWays },
  { name: 'a service that comes and goes', determined: true, run: serviceWatched },
];

/** A lease that home serves, with a client at the holder. */
export async function serve(
  { home }: Scene,
  holders: readonly Actor[],
  options: { readonly slots?: number; readonly secs?: number; readonly slotsEach?: number } = {},
): Promise<string> {
  const { slots, secs = 60, slotsEach = 1 } = options;
  const url = await home.do('acquire', { lease: 'served', secs, bytes: 2 ** 19 });
  await home.do('serve', { lease: 'served', ...(slots === undefined ? {} : { slots }) });
  for (const holder of holders) {
    await holder.do('attach', { lease: 'served', url, slots: slotsEach });
    await holder.do('client', { lease: 'served' });
  }
  return url;
}

async function callsAndErrors(scene: Scene, slots?: number): Promise<void> {
  const { holder } = scene;
  await serve(scene, [holder], slots === undefined ? {} : { slots });
  for (const method of ['echo', 'fail', 'refuse', 'unknown', 'tooLarge', 'slow', 'echo'] as const) {
    await holder.do('call', { lease: 'served', method, text: `20 ${method}` });
  }
  await holder.do('callMany', { lease: 'served', calls: 20, bytes: 30_000 });
  await scene.home.do('revoke', { lease: 'served' });
  await scene.home.do('settled', { as: 'serve served' });
  await holder.do('over', { lease: 'served' });
  await holder.do('call', { lease: 'served', method: 'echo', text: 'too late' });
}

async function lateAnswer(scene: Scene, slots?: number): Promise<void> {
  const { holder } = scene;
  await serve(scene, [holder], slots === undefined ? {} : { slots });
  await holder.do('call', { lease: 'served', method: 'echo', text: 'warm' });
  await holder.do('call', { lease: 'served', method: 'slow', text: '900 first', deadlineMs: 400 });
  await holder.do('call', { lease: 'served', method: 'echo', text: 'waits in vain', deadlineMs: 100 });
  await holder.do('call', { lease: 'served', method: 'echo', text: 'second' });
}

async function callsGivenUp(scene: Scene): Promise<void> {
  const { home, holder } = scene;
  await serve(scene, [holder], { slots: 1 });
  await holder.do('call', { lease: 'served', method: 'echo', text: 'warm' });
  await holder.do('beginCall', { lease: 'served', method: 'never', text: 'begun', as: 'begun' });
  await home.do('saw', { line: 'handles begun' });
  await holder.do('beginCall', { lease: 'served', method: 'echo', text: 'waiting', as: 'waiting' });
  await holder.do('giveUp', { as: 'waiting' });
  await holder.do('settled', { as: 'waiting' });
  await holder.do('giveUp', { as: 'begun' });
  await holder.do('settled', { as: 'begun' });
  await holder.do('call', { lease: 'served', method: 'echo', text: 'afterwards' });
  await home.do('release', { lease: 'served' });
  await holder.do('over', { lease: 'served' });
}

async function twoClients(scene: Scene): Promise<void> {
  const { holder, other } = scene;
  await serve(scene, [holder, other], { slots: 8, slotsEach: 4 });
  const callMany = (actor: Actor) => actor.do('callMany', { lease: 'served', calls: 40, bytes: 1000 });
  await Promise.all([holder, other].map(callMany));
  await Promise.all(
    [holder, other].map((actor) => actor.do('callMany', { lease: 'served', calls: 3, bytes: 100_000 })),
  );
  const url = await scene.home.do('acquire', { lease: 'classic' });
  await scene.home.do('serve', { lease: 'classic' });
  await holder.do('attach', { lease: 'classic', url });
  await other.do('attach', { lease: 'classic', url });
  await other.do('attach', { lease: 'classic', url, slots: 2 });
}

async function streamsThrough(scene: Scene): Promise<void> {
  const { holder } = scene;
  await serve(scene, [holder], { slots: 2 });
  await holder.do('openStream', { lease: 'served', stream: 'echo', text: 'echo' });
  await holder.do('sendOn', { stream: 'echo', count: 20 });
  await holder.do('takeFrom', { stream: 'echo' });
  await holder.do('settled', { as: 'send echo' });
  await holder.do('openStream', { lease: 'served', stream: 'fail', text: 'fail' });
  await holder.do('takeFrom', { stream: 'fail' });
  await holder.do('openStream', { lease: 'served', stream: 'endless', text: 'endless' });
  await holder.do('takeFrom', { stream: 'endless', count: 3 });
  await holder.do('cancelStream', { stream: 'endless' });
  await holder.do('takeFrom', { stream: 'endless' });
  await holder.do('call', { lease: 'served', method: 'quiet', text: 'afterwards' });
}

async function queueBothWays({ home, holder }: Scene): Promise<void> {
  for (const [name, producer, consumer] of [
    ['there', holder, home],
    ['back', home, holder],
  ] as const) {
    const url = await home.do('acquire', { lease: name });
    await home.do('createQueue', { lease: name, capacity: 8 });
    await holder.do('attach', { lease: name, url });
    await holder.do('attachQueue', { lease: name });
    await consumer.do('receive', { lease: name, count: 1000 });
    await producer.do('send', { lease: name, from: 1, to: 40, close: true });
    await producer.do('settled', { as: `send ${name}` });
    await consumer.do('settled', { as: `receive ${name}` });
  }
}

async function serviceWatched({ home, holder }: Scene): Promise<void> {
  await home.do('acquire', { lease: 'served' });
  await home.do('serve', { lease: 'served' });
  await holder.do('watch', { service: 'echo' });
  await home.do('register', { service: 'echo', lease: 'served' });
  await holder.do('saw', { line: 'echo: up' });
  await home.do('release', { lease: 'served' });
  await holder.do('saw', { line: 'echo: down' });
}
