import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const conditions = ['leasewire-source'];
/** Tests of nodes take turns with each other, and so do those of this machine's processes (hw-tests/take-turns.ts). */
const turns = {
  nodes: /hw-tests\/(rdma\/|rig\/(?!one-node|words))/,
  processes: /hw-tests\/(local\/(?!many-verdict)|(|throughput-)bench\/bench\.test)/,
} as const;

/** What files take, seconds, roughly; `secondsElse` where none fits. */
const seconds: readonly (readonly [RegExp, number])[] = [
  [/sim\/planted\/plants|hw-tests\/rdma\/conformance/, 250],
  [/hw-tests\/rdma\/(limits|cuts|endings|faults|exact|transcripts|reconnect|hostile)|hw-tests\/verbs/, 100],
  [/hw-tests\/rig\/(ends|one-node|real-host|two-nodes)|sim\/(pool-conformance|model\/board)/, 70],
  [/hw-tests\/local\/(lifetimes|hostile|many|kill|expiry|conformance)|hw-tests\/rdma\/demo/, 30],
  [/sim\/(campaign\/campaign|conformance)|native\/(lifetime|sanitize)/, 30],
  [/sim\/|hw-tests\//, 10],
];
const secondsElse = 1;

/**
 * One worker takes the tests of nodes, one after another, and the other all others, those of processes last: so none waits
 * for its turn while there is something else to do. Workers take files in the order in which these would begin.
 */
class BesideTheNodes extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = (await super.sort(files)).sort((a, b) => secondsOf(b) - secondsOf(a));
    const [nodes, others] = parted(sorted, turns.nodes);
    const [processes, computing] = parted(others, turns.processes);
    const workers = [withBeginnings(nodes), withBeginnings([...computing, ...processes])];
    return workers
      .flat()
      .sort((a, b) => a.beginsAt - b.beginsAt)
      .map(({ file }) => file);
  }
}

function parted(files: readonly TestSpecification[], pattern: RegExp): [TestSpecification[], TestSpecification[]] {
  const fits = ({ moduleId }: TestSpecification) => pattern.test(moduleId);
  return [files.filter(fits), files.filter((file) => !fits(file))];
}

function withBeginnings(files: readonly TestSpecification[]): { file: TestSpecification; beginsAt: number }[] {
  let end = 0;
  return files.map((file) => {
    const beginsAt = end;
    end += secondsOf(file);
    return { file, beginsAt };
  });
}

function secondsOf({ moduleId }: TestSpecification): number {
  return seconds.find(([pattern]) => pattern.test(moduleId))?.[1] ?? secondsElse;
}

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['{bridge,native,sdk,sim,hw-tests,examples,.ci}/**/*.test.ts'],
    globalSetup: ['hw-tests/bundle.ts'],
    setupFiles: ['hw-tests/take-turns.ts'],
    provide: { turns: { nodes: turns.nodes.source, processes: turns.processes.source } },
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: BesideTheNodes },
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
