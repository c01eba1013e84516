// Does what the rig is told from a terminal.
import { once } from 'node:events';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Order } from './cli-words.ts';
import type { Rig } from './rig.ts';
import type { RigNode } from './rig-node.ts';

const SIGNAL_STATUS = 128;

/** The exit status of a command, as a shell has it; 0 for what is no command, and for what runs on beside. */
export async function perform(rig: Rig, order: Order, labelled: boolean): Promise<number> {
  const node = rig.node(order.node);
  if (order.verb !== 'run') return performOn(node, order).then(() => 0);
  const status = runCommand(node, order.command, labelled || order.beside);
  if (!order.beside) return status;
  status.then(
    (code) => console.error(`${node.name}: '${order.command}' ended with exit status ${code}`),
    (error: Error) => console.error(error.message),
  );
  return 0;
}

async function performOn(node: RigNode, order: Exclude<Order, { verb: 'run' }>): Promise<void> {
  switch (order.verb) {
    case 'link':
      return order.up ? node.linkUp() : node.linkDown();
    case 'loss':
      return node.impair({ lossPercent: order.percent });
    case 'duplicate':
      return node.impair({ duplicatePercent: order.percent });
    case 'delay':
      return node.impair({ delayMs: order.delayMs, jitterMs: order.jitterMs });
    case 'clear':
      return node.clearImpairment();
    case 'freeze':
      return node.freeze();
    case 'thaw':
      return node.thaw();
    case 'kill':
      return node.kill();
    case 'log':
      return void process.stdout.write(await node.kernelLog());
  }
}

async function runCommand(node: RigNode, command: string, labelled: boolean): Promise<number> {
  const running = node.start('bash', ['-c', command]);
  running.stdin.end();
  const label = labelled ? `${node.name}| ` : '';
  const shown = [show(running.stdout, process.stdout, label), show(running.stderr, process.stderr, label)];
  const [{ code, signal }] = await Promise.all([running.exited, ...shown]);
  return code ?? SIGNAL_STATUS + (signal === null ? 0 : constants.signals[signal]);
}

/** As it comes; with a label before each line where several talk at once. */
async function show(stream: Readable, target: Writable, label: string): Promise<void> {
  if (label === '') stream.on('data', (bytes: Buffer) => target.write(bytes));
  else createInterface({ input: stream }).on('line', (line) => target.write(`${label}${line}\n`));
  await once(stream, 'close');
}
