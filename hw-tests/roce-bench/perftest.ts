// Runs one of perftest's programs between two nodes: the server on a, the client, whose figures count, on b.
import type { NodeProcess } from '../rig/node-process.ts';
import type { RigNode } from '../rig/rig-node.ts';
import type { PerftestName } from './names.ts';
import type { RdmaDevice } from './rdma-device.ts';

export interface PerftestEnd {
  readonly node: RigNode;
  readonly device: RdmaDevice;
}

export interface PerftestOrder {
  readonly name: PerftestName;
  readonly bytes: number;
  readonly iterations: number;
}

/** Where the two programs arrange things with each other, over TCP. */
const PORT = 18_515;
const RUN_MS_MAX = 120_000;
const AWAIT_LISTENER = `until ss -Htln sport = :${PORT} | grep -q .; do sleep 0.05; done`;

/** What the client printed. Rejects if either end fails. */
export async function runPerftest(order: PerftestOrder, server: PerftestEnd, client: PerftestEnd): Promise<string> {
  const serving = server.node.start(order.name, argsOf(order, server.device));
  try {
    await listens(serving, server.node);
    const args = [...argsOf(order, client.device), server.node.address];
    const { code, signal, stdout, stderr } = await client.node.run(order.name, args, { timeoutMs: RUN_MS_MAX });
    if (code !== 0) throw new Error(`${order.name}: ${signal ?? `exit status ${code}`}\n${stderr}${stdout}`);
    await serving.exited; // its port is free again then
    return stdout;
  } finally {
    serving.kill('SIGKILL');
  }
}

async function listens(serving: NodeProcess, node: RigNode): Promise<void> {
  const listening = node.run('sh', ['-c', AWAIT_LISTENER], { timeoutMs: RUN_MS_MAX });
  listening.catch(() => undefined);
  const ended = serving.exited.then(({ code, signal }) => {
    throw new Error(`perftest's server ended before it listened: ${signal ?? `exit status ${code}`}`);
  });
  ended.catch(() => undefined);
  await Promise.race([listening, ended]);
}

function argsOf({ name, bytes, iterations }: PerftestOrder, device: RdmaDevice): readonly string[] {
  const where = ['-d', device.name, '-i', `${device.port}`, '-x', `${device.gidIndex}`, '-p', `${PORT}`];
  // -F: a processor that changes its clock is no reason to stop. -H: every sample.
  const how = ['-s', `${bytes}`, '-n', `${iterations}`, '-F', ...(name === 'ib_write_bw' ? [] : ['-H'])];
  return [...where, ...how];
}
