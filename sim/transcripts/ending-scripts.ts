// Transcripts of leases that end, or nearly, whatever is under way.
import { serve } from './call-scripts.ts';
import type { Scene, Script } from './script.ts';

export const endingScripts: readonly Script[] = [
  { name: 'a lease expires while a call is under way', determined: false, run: expiresUnderCall },
  { name: 'a lease expires while nobody uses it', determined: true, run: expiresIdle },
  { name: 'renewals from both sides', determined: true, run: renewals },
  { name: 'a lease is granted anew, and the old name means nothing', determined: true, run: grantedAnew },
  { name: 'a lease is revoked while a call is under way', determined: false, run: revokedUnderCall },
  { name: 'a lease is revoked while nobody uses it', determined: false, run: revokedIdle },
  { name: 'a lease is revoked in the midst of writes', determined: false, run: revokedUnderWrites },
];

async function expiresUnderCall(scene: Scene): Promise<void> {
  const { home, holder } = scene;
  await serve(scene, [holder], { slots: 1 });
  await holder.do('call', { lease: 'served', method: 'echo', text: 'warm' });
  await holder.do('beginCall', { lease: 'served', method: 'never', text: 'call', as: 'call' });
  await home.do('saw', { line: 'handles call' });
  await home.do('renew', { lease: 'served', secs: 0.5 });
  await holder.do('settled', { as: 'call' });
  await home.do('settled', { as: 'serve served' });
  await holder.do('call', { lease: 'served', method: 'echo', text: 'too late' });
  await holder.do('read', { lease: 'served', offset: 0, bytes: 1 });
  await holder.do('renew', { lease: 'served', secs: 10 });
  await home.do('read', { lease: 'served', offset: 0, bytes: 1 });
  await home.do('renew', { lease: 'served', secs: 10 });
}

async function expiresIdle(scene: Scene): Promise<void> {
  const { home, holder } = scene;
  const url = await home.do('acquire', { lease: 'memory' });
  await holder.do('attach', { lease: 'memory', url, slots: 0 });
  await home.do('renew', { lease: 'memory', secs: 0.5 });
  await home.do('over', { lease: 'memory' });
  await holder.do('over', { lease: 'memory' });
  await holder.do('status', { lease: 'memory' });
  await holder.do('write', { lease: 'memory', offset: 0, values: [1] });
  await home.do('status', { lease: 'memory' });
  await holder.do('attach', { lease: 'memory', url, slots: 0 });
}

async function renewals(scene: Scene): Promise<void> {
  const { home, holder } = scene;
  const url = await home.do('acquire', { lease: 'memory', secs: 2 });
  await holder.do('attach', { lease: 'memory', url, slots: 0 });
  await holder.do('renew', { lease: 'memory', secs: 6 });
  await scene.wait(2500);
  await holder.do('read', { lease: 'memory', offset: 0, bytes: 1 });
  await home.do('renew', { lease: 'memory', secs: 0.5 });
  await home.do('over', { lease: 'memory' });
  await holder.do('over', { lease: 'memory' });
}

async function grantedAnew({ home, holder }: Scene): Promise<void> {
  const first = await home.do('acquire', { lease: 'first' });
  await holder.do('attach', { lease: 'first', url: first, slots: 0 });
  await holder.do('write', { lease: 'first', offset: 0, values: [1] });
  await home.do('release', { lease: 'first' });
  await holder.do('over', { lease: 'first' });
  const second = await home.do('acquire', { lease: 'second' });
  await holder.do('attach', { lease: 'first again', url: first, slots: 0 });
  await holder.do('attach', { lease: 'second', url: second, slots: 0 });
  await holder.do('write', { lease: 'first', offset: 0, values: [2] });
  await holder.do('read', { lease: 'second', offset: 0, bytes: 1 });
  await holder.do('attach', { lease: 'slots of none', url: second, slots: 1 });
}

async function revokedUnderCall(scene: Scene): Promise<void> {
  const { home, holder } = scene;
  await serve(scene, [holder], { slots: 2 });
  await holder.do('call', { lease: 'served', method: 'echo', text: 'warm' });
  await holder.do('beginCall', { lease: 'served', method: 'never', text: 'call', as: 'call' });
  await home.do('saw', { line: 'handles call' });
  await home.do('revoke', { lease: 'served' });
  await holder.do('settled', { as: 'call' });
  await holder.do('call', { lease: 'served', method: 'echo', text: 'too late' });
  await home.do('settled', { as: 'serve served' });
}

async function revokedIdle(scene: Scene): Promise<void> {
  const { home, holder } = scene;
  const url = await home.do('acquire', { lease: 'memory' });
  await holder.do('attach', { lease: 'memory', url, slots: 0 });
  await home.do('revoke', { lease: 'memory' });
  await holder.do('write', { lease: 'memory', offset: 0, values: [1] });
  await holder.do('over', { lease: 'memory' });
  await home.do('read', { lease: 'memory', offset: 0, bytes: 1 });
}

/** The second write is under way when the home takes the lease back, for it has seen its first bytes. */
async function revokedUnderWrites(scene: Scene): Promise<void> {
  const { home, holder } = scene;
  const bytes: number = 2 ** 21;
  const url = await home.do('acquire', { lease: 'memory', bytes });
  await holder.do('attach', { lease: 'memory', url, slots: 0 });
  await holder.do('fill', { lease: 'memory', offset: 0, bytes, value: 1, as: 'first' });
  await holder.do('settled', { as: 'first' });
  await holder.do('fill', { lease: 'memory', offset: 0, bytes, value: 2, as: 'second' });
  await home.do('firstByte', { lease: 'memory', offset: 1, value: 2 });
  await home.do('revoke', { lease: 'memory' });
  await holder.do('settled', { as: 'second' });
  await holder.do('write', { lease: 'memory', offset: 0, values: [3] });
  await home.do('read', { lease: 'memory', offset: 0, bytes: 1 });
}
