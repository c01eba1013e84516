// `npm run demo:roce`, with fewer calls.
import { expect, test } from 'vitest';
import { describeOnRig } from '../rig/on-rig.ts';
import { demo } from './demo.ts';

const calls = 300;

describeOnRig('the demo on two nodes', { nodes: 2 }, (rig) => {
  test('checks every call, kills the server, shows the error, ends clean', async () => {
    const lines: string[] = [];
    await demo(rig(), calls, (line) => lines.push(line));
    expect(lines).toContainEqual(expect.stringMatching(/^client on b: found "[\w-]+": lease \w+, plane rdma$/));
    expect(lines).toContainEqual(expect.stringMatching(`^client on b: ${calls} calls .* every one of them right$`));
    expect(lines).toContainEqual(expect.stringMatching(/^client on b: Disconnected: .*may have executed: true/));
    expect(lines.at(-1)).toBe('demo:        ended clean');
  });
});
