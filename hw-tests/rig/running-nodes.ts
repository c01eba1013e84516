// Nodes that were started together: all of them or none, and together they end.
import type { AgentNode } from './agent-node.ts';

export class RunningNodes {
  readonly nodes: readonly AgentNode[];
  readonly startMs: number;
  readonly #release: () => void;

  private constructor(nodes: readonly AgentNode[], startMs: number, release: () => void) {
    this.nodes = nodes;
    this.startMs = startMs;
    this.#release = release;
  }

  /** Releases what they share once none of them runs any more. */
  static async start(starting: readonly Promise<AgentNode>[], release: () => void): Promise<RunningNodes> {
    const begunMs = performance.now();
    const settled = await Promise.allSettled(starting);
    const nodes = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const running = new RunningNodes(nodes, performance.now() - begunMs, release);
    const failed = settled.find((each) => each.status === 'rejected');
    if (failed === undefined) return running;
    await running.stop();
    throw failed.reason;
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.close()));
    this.#release();
  }
}
