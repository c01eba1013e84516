import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const conditions = ['leasewire-source'];
/** Of real processes and nodes: they take turns (hw-tests/take-turns.ts). */
const inTurn = /hw-tests\/(local\/(?!many-verdict)|rdma\/|rig\/(?!one-node|words)|(|throughput-)bench\/bench\.test)/;
/** Of other tests, those that take long, the longest first. */
const long = [/sim\/(planted|campaign|model)\/|hw-tests\/(verbs|rig)\//, /sim\//];
const besideEach = [1, 3, 3];

/** Tests that take turns wait much, for their nodes and for each other: beside each stand some that only compute. */
class BesideTheTurn extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const turns = sorted.filter(({ moduleId }) => inTurn.test(moduleId));
    const others = sorted.filter((file) => !turns.includes(file)).sort((a, b) => rankOf(a) - rankOf(b));
    const next = () => others.splice(0, besideEach[others[0] === undefined ? 0 : rankOf(others[0])]);
    return [...turns.flatMap((file) => [file, ...next()]), ...others];
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
    setupFiles: ['hw-tests/take-turns.ts'],
    provide: { inTurn: inTurn.source },
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: BesideTheTurn },
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
