import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const conditions = ['leasewire-source'];
/** Of two nodes, or their own. */
const withRig = /hw-tests\/(rig|rdma)\//;
/** Of other tests, those that take long, the longest first. */
const long = [/sim\/(planted|campaign|model)\/|hw-tests\/verbs\//, /(hw-tests|sim)\//];
const besideEach = 3;

/** Tests with a rig take turns, and mostly wait for their nodes: beside each stand some that do without. */
class BesideTheRig extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rig = sorted.filter(({ moduleId }) => withRig.test(moduleId));
    const others = sorted.filter((file) => !rig.includes(file)).sort((a, b) => rankOf(a) - rankOf(b));
    return [...rig.flatMap((file) => [file, ...others.splice(0, besideEach)]), ...others];
  }
}

function rankOf({ moduleId }: TestSpecification): number {
  const rank = long.findIndex((pattern) => pattern.test(moduleId));
  return rank < 0 ? long.length : rank;
}

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['{bridge,native,sdk,sim,hw-tests,examples,.ci}/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: BesideTheRig },
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
