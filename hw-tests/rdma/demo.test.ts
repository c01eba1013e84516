// `npm run demo:roce`, as it is run.
import { expect, test } from 'vitest';
import { describeOnRig } from '../rig/on-rig.ts';
import { demo } from './demo.ts';

const demoMsMax = 900_000;

describeOnRig('the demo on two nodes', { nodes: 2 }, (rig) => {
  test('checks 100,000 calls over RDMA, kills the server, ends clean', { timeout: demoMsMax }, async () => {
    const lines: string[] = [];
    await demo(rig(), (line) => lines.push(line));
    const text = lines.join('\n');
    console.log(text);
    expect(lines[1]).toMatch(/^client on b: found .* plane rdma$/);
    expect(text).toContain('100000 calls');
    expect(text).toMatch(/leasewire, await call.*p50.*p95.*p99/);
    expect(text).toMatch(/Disconnected: .*may have executed: true/);
    expect(lines.at(-1)).toMatch(/ended clean$/);
  });
});
