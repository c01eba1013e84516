// A queue as the bench sees it: messages of one size for a while, and how many a second came through.
import { compileC } from '../bench/compile-c.ts';
import { numberIn } from '../bench/contender.ts';
import { twoCores } from '../bench/cores.ts';
import type { LineProcess } from '../bench/line-process.ts';
import type { Place } from '../bench/place.ts';
import { childProgram } from '../bench/project.ts';
import { QUEUE_BYTES, QUEUE_MESSAGES, type WindowEffort } from './effort.ts';
import { type FloorName, floorNames, isOneOf, type NodeQueueName, type QueueName } from './names.ts';
import { type Rate, rateOf } from './rate.ts';

export interface Queue {
  readonly name: QueueName;
  readonly pids: readonly number[];
  readonly note?: string;
  /** Messages a second. Rejects if one was lost. */
  measure(bytes: number, effort: WindowEffort): Promise<Rate>;
  close(): Promise<void>;
  kill(): void;
}

export function openQueue(name: QueueName, place: Place): Promise<Queue> {
  return isOneOf(floorNames, name) ? openFloor(name, place) : openPair(name, place);
}

const floorVerbs: Readonly<Record<FloorName, string>> = { 'memcpy-c': 'copy', 'ring-c': 'ring' };

/** queue_floor.c, compiled here and now, and pinned to two cores. */
async function openFloor(name: FloorName, place: Place): Promise<Queue> {
  const cores = twoCores();
  const program = compileC('hw-tests/throughput-bench/queue_floor.c', place.subdirectory(name));
  const floor = place.start(name, program, cores.map(String));
  const consumerPid = numberIn(await floor.reply(), 'consumerPid');
  const queue = endsOf(name, [floor]);
  return {
    ...queue,
    pids: [...queue.pids, consumerPid],
    note: `${name}: pinned to ${name === 'memcpy-c' ? `CPU ${cores[0]}` : `CPUs ${cores.join(' and ')}`}`,
    measure: async (bytes, { windowMs }) =>
      rateOf([await floor.ask(`${floorVerbs[name]} ${bytes} ${QUEUE_MESSAGES} ${windowMs}`)]),
  };
}

async function openPair(name: NodeQueueName, place: Place): Promise<Queue> {
  const directory = place.subdirectory(`${name}-queue`);
  const start = (program: string) =>
    place.start(`${name} ${program}`, process.execPath, [childProgram(program, 'throughput-bench'), name, directory]);
  const consumer = start('consumer');
  await consumer.reply();
  const producer = start('producer');
  await producer.reply();
  for (const bytes of QUEUE_BYTES) {
    await consumer.ask(`open ${bytes}`);
    await producer.ask(`join ${bytes}`);
  }
  return {
    ...endsOf(name, [producer, consumer]),
    measure: (bytes, effort) => carry(producer, consumer, bytes, effort),
  };
}

function endsOf(name: QueueName, processes: readonly LineProcess[]): Omit<Queue, 'measure'> {
  return {
    name,
    pids: processes.flatMap(({ pid }) => pid ?? []),
    close: async () => {
      for (const process of processes) await process.close();
    },
    kill: () => {
      for (const process of processes) process.kill();
    },
  };
}

async function carry(
  producer: LineProcess,
  consumer: LineProcess,
  bytes: number,
  { rampMs, windowMs }: WindowEffort,
): Promise<Rate> {
  const [taken, given] = await Promise.race([
    Promise.all([
      consumer.ask(`take ${bytes} ${rampMs} ${windowMs}`),
      producer.ask(`give ${bytes} ${windowMs + 2 * rampMs}`),
    ]),
    Promise.race([producer.failed, consumer.failed]),
  ]);
  const [sent, received] = [numberIn(given, 'sent'), numberIn(taken, 'received')];
  if (sent !== received) throw new Error(`${producer.name}: sent ${sent} messages of which ${received} came`);
  return rateOf([taken]);
}
