// Tests with a rig take turns: two rigs at once are too many for most machines. Whoever has the turn listens at a name
// in the abstract namespace, which the kernel takes back when the process ends, however that ends.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';

const name = '\0leasewire-rig-tests';
const retryMs = 200;

export interface Turn {
  end(): void;
}

/** Waits until nobody else on this machine has it. */
export async function takeTurn(): Promise<Turn> {
  for (;;) {
    const server = createServer();
    try {
      await once(server.listen(name), 'listening');
      return { end: () => void server.close() };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      await setTimeout(retryMs);
    }
  }
}
