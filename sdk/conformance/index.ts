// The conformance suite, as `leasewire/conformance`: what every plane must do, told as Vitest tests. A plane passes a
// fixture that starts homes, on this machine or another; the cases are written once, against the public API.
//
//     import { describeConformance } from 'leasewire/conformance';
//     describeConformance({ plane: 'local', spawnHome });
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { discoveryCases } from './discovery.ts';
import { errorCases } from './errors.ts';
import type { Fixture } from './fixture.ts';
import { leaseCases } from './leases.ts';
import { memoryCases } from './memory.ts';
import { queueCases } from './queues.ts';
import { rpcCases } from './rpc.ts';
import { serviceCases } from './services.ts';
import { type Cases, Stage } from './stage.ts';
import { streamCases } from './streams.ts';

export type { Fixture, HomeProcess, LeaseClasses } from './fixture.ts';
export { HomeDriver, HomeLease } from './home-driver.ts';
export { type HomeParts, hostHome } from './home-host.ts';
export { delayed, methods } from './home-methods.ts';

/** The cases by area. */
export const conformanceCases: Readonly<Record<string, Cases>> = {
  leases: leaseCases,
  memory: memoryCases,
  rpc: rpcCases,
  queues: queueCases,
  services: serviceCases,
  streams: streamCases,
  errors: errorCases,
  discovery: discoveryCases,
};

/** No case takes longer, but one that hangs. */
const caseMsMax = 90_000;

/** Registers the suite with Vitest, to be run in the calling test file. */
export function describeConformance(fixture: Fixture): void {
  const { plane, lacks = {} } = fixture;
  const stage = new Stage(fixture);
  describe(`the ${plane} plane`, { timeout: caseMsMax }, () => {
    test('lacks nothing but what is a case', () => {
      const names = Object.values(conformanceCases).flatMap((cases) => Object.keys(cases));
      expect(names).toHaveLength(new Set(names).size);
      expect(Object.keys(lacks).filter((name) => !names.includes(name))).toEqual([]);
    });
    beforeEach(() => stage.begin());
    afterEach(() => stage.end());
    afterAll(() => stage.close());
    for (const [area, cases] of Object.entries(conformanceCases)) {
      describe(area, () => register(cases, stage, lacks));
    }
  });
}

function register(cases: Cases, stage: Stage, lacks: Readonly<Record<string, string>>): void {
  for (const [name, run] of Object.entries(cases)) {
    const reason = lacks[name];
    if (reason === undefined) test(name, () => run(stage));
    else test.skip(`${name} [${stage.plane} lacks it: ${reason}]`, () => undefined);
  }
}
