// The conformance suite on the rdma plane: homes on node a, and Vitest with the suite itself on node b. Each case is a
// test here, too, which passes if it passed there.
import { beforeAll, describe, expect, test } from 'vitest';
import { conformanceCases } from '../../sdk/conformance/index.ts';
import { bundledProgram, compiledProgram } from '../rig/node-programs.ts';
import { describeOnRig } from '../rig/on-rig.ts';
import type { Rig } from '../rig/rig.ts';
import { rdmaLacks } from './lacks.ts';
import { holderEnvironment, homeEnvironment, homeHostPort, knownHomePort } from './places.ts';
import { RigProgram, startRigHome } from './rig-program.ts';

/** Beyond what the whole suite takes there; it is killed then, and what was told until then is in the error. */
const suiteMsMax = 400_000;
const report = '/tmp/conformance.json';

interface CaseResult {
  readonly ancestorTitles: readonly string[];
  readonly title: string;
  readonly status: string;
  readonly failureMessages: readonly string[];
}

interface Report {
  readonly testResults: readonly { readonly assertionResults: readonly CaseResult[] }[];
}

async function runSuite(rig: Rig): Promise<readonly CaseResult[]> {
  const [a, b] = [rig.node('a'), rig.node('b')];
  const host = new RigProgram(
    a,
    bundledProgram('hw-tests/programs/home-host'),
    [`${a.address}:${homeHostPort}`],
    homeEnvironment(a),
  );
  const known = await startRigHome(a, homeEnvironment(a, knownHomePort));
  await known.acquire({ leaseSecs: 3600 }); // It listens from then on.
  await host.hear('listening');
  const config = compiledProgram('hw-tests/rdma/on-node.config');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const ran = await b.run('node', ['node_modules/vitest/vitest.mjs', 'run', '--config', config, ...reporters], {
    env: { ...holderEnvironment(a), LEASEWIRE_TEST_HOME_HOST: `${a.address}:${homeHostPort}` },
    timeoutMs: suiteMsMax,
  });
  await Promise.all([host.kill(), known.kill()]);
  const { code, stdout } = await b.run('cat', [report]);
  if (code !== 0) throw new Error(`the suite did not run\n${ran.stdout}\n${ran.stderr}\n${host.stderr}`);
  const { testResults } = JSON.parse(stdout) as Report;
  return testResults.flatMap(({ assertionResults }) => assertionResults);
}

describeOnRig('the conformance suite on the rdma plane, between two nodes', { nodes: 2 }, (rig) => {
  let results: readonly CaseResult[] = [];
  beforeAll(async () => {
    results = await runSuite(rig());
  }, suiteMsMax);

  test('lacks nothing but what is a case', () => {
    const found = results.find(({ title }) => title === 'lacks nothing but what is a case');
    expect(found).toMatchObject({ status: 'passed' });
  });

  for (const [area, cases] of Object.entries(conformanceCases)) {
    describe(area, () => {
      for (const name of Object.keys(cases)) {
        const reason = rdmaLacks[name];
        const title = reason === undefined ? name : `${name} [rdma lacks it: ${reason}]`;
        test.skipIf(reason !== undefined)(title, () => {
          const found = results.filter((each) => each.title === name && each.ancestorTitles.includes(area));
          expect(found).toHaveLength(1);
          expect(found[0]?.failureMessages.join('\n') ?? '').toBe('');
          expect(found[0]).toMatchObject({ status: 'passed' });
        });
      }
    });
  }
});
