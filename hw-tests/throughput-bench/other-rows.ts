// The rows of contenders that carry messages one way, and of single calls.
import type { Contender } from '../bench/contender.ts';
import { shuffled } from '../bench/shuffled.ts';
import type { Tally } from '../bench/tally.ts';
import { visit, visitsOf } from '../bench/visit.ts';
import { type Effort, PAYLOAD_BYTES, QUEUE_BYTES } from './effort.ts';
import type { Ledger } from './ledger.ts';
import type { Measured } from './measured.ts';
import type { Queue } from './queue.ts';

export async function queueRound(queues: Measured<Queue>, effort: Effort, ledger: Ledger): Promise<void> {
  for (const bytes of QUEUE_BYTES) {
    await queues.each(async (queue) => {
      const { perSecond, isShort } = await queue.measure(bytes, effort.window);
      const key = { row: 'queue', name: queue.name, at: { bytes } } as const;
      ledger.add({ ...key, what: 'messages/s', unit: 'count' }, perSecond, isShort);
      ledger.add({ ...key, what: 'bytes/s', unit: 'byteRate' }, perSecond * bytes, isShort);
    });
  }
}

export async function latencyRound(
  contenders: Measured<Contender>,
  tally: Tally,
  effort: Effort,
  ledger: Ledger,
): Promise<void> {
  for (const contender of shuffled(visitsOf(tally, contenders.open, PAYLOAD_BYTES))) {
    await contenders.attempt(contender, async () => {
      const { p50Ns, p99Ns } = await visit(tally, effort.calls, contender, PAYLOAD_BYTES);
      const key = { row: 'latency', name: contender.name, at: { bytes: PAYLOAD_BYTES }, unit: 'duration' } as const;
      ledger.add({ ...key, what: 'p50' }, p50Ns);
      ledger.add({ ...key, what: 'p99' }, p99Ns);
    });
  }
}
