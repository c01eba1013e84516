// The conformance suite on a fabric in memory: homes are processes of it, spoken to by streams within this process.
import { describeConformance } from '../sdk/conformance/index.ts';
import { MemoryFabric } from './memory-fabric.ts';
import { MemoryHome } from './memory-home.test.support.ts';

const fabric = new MemoryFabric();

describeConformance({
  plane: 'sim',
  spawnHome: () => new MemoryHome(fabric.process()).start(),
  classes: fabric.process(),
  sharesThread: true,
  lacks: {
    'callSync lets the calls before it go first, and harms none': 'they wait for the thread that callSync blocks',
  },
});
