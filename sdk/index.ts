// leasewire: RPC through leased memory. The public API, on this machine's planes; docs/architecture.md says how it hangs
// together.

import { useFabric } from './fabric.ts';
import { processFabric } from './process-agent.ts';

useFabric(processFabric);

export * from './api.ts';
