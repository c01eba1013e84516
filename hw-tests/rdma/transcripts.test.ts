// Transcripts on the rig, and whether the simulator allows them: where the rig does what the model forbids, the model is
// wrong. LEASEWIRE_TRANSCRIPT_RUNS says how often each is played, once unless told; with LEASEWIRE_RECORD=1 what was seen
// is added to sim/transcripts/rig-traces.json, which machines without a rig hold the simulator against.
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeRefusal, judge } from '../../sim/transcripts/judge.ts';
import { sameTrace, type Trace } from '../../sim/transcripts/script.ts';
import { scripts } from '../../sim/transcripts/scripts.ts';
import { describeOnRig } from '../rig/on-rig.ts';
import { RigStage } from './transcript-stage.ts';

const runs = Number(process.env['LEASEWIRE_TRANSCRIPT_RUNS'] ?? 1);
const isRecording = process.env['LEASEWIRE_RECORD'] === '1';
const recordPath = new URL('../../sim/transcripts/rig-traces.json', import.meta.url);

function record(name: string, trace: Trace): void {
  const recorded = JSON.parse(readFileSync(recordPath, 'utf8')) as Record<string, Trace[]>;
  const traces = recorded[name] ?? [];
  if (traces.some((each) => sameTrace(each, trace))) return;
  const sorted = Object.entries({ ...recorded, [name]: [...traces, trace] }).sort(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(recordPath, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
}

describeOnRig('transcripts on two nodes', { nodes: 2 }, (rig) => {
  let stage: RigStage | undefined;
  beforeAll(async () => {
    stage = new RigStage(rig());
    await stage.ready();
  });
  afterAll(() => stage?.close());

  const rounds = Array.from({ length: runs }, (_, run) => run + 1);
  test.each(rounds.flatMap((run) => scripts.map((script) => [script.name, run, script] as const)))(
    '%s, run %i',
    async (name, _run, script) => {
      const fromMs = performance.now();
      const trace = await (stage as RigStage).play(script);
      const tookMs = performance.now() - fromMs;
      if (isRecording) record(name, trace);
      const verdict = await judge(script, trace);
      expect(verdict.allowed ? '' : describeRefusal(script, trace, verdict.instead)).toBe('');
      console.log(`${name}: ${tookMs.toFixed(0)} ms, as seed ${verdict.allowed && verdict.seed}`);
    },
  );
});
