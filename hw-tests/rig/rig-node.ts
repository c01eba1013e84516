// What a node of the rig can do, whether it is a virtual machine or a real host.
import type { NodeProcess } from './node-process.ts';

export interface StartOptions {
  /** Added to the node's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** The project's folder unless said otherwise. */
  readonly cwd?: string;
}

export interface RunOptions extends StartOptions {
  /** After that all that the command started is killed. 10 minutes unless said otherwise. */
  readonly timeoutMs?: number;
}

export interface RunResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What is done to the packets that a node sends to others. Percentages from 0 to 100. */
export interface Impairment {
  readonly lossPercent?: number;
  readonly delayMs?: number;
  readonly jitterMs?: number;
  readonly duplicatePercent?: number;
  /** Needs a delay: these packets go ahead of the delayed ones. */
  readonly reorderPercent?: number;
}

export interface RigNode {
  /** 'a' or 'b'. */
  readonly name: string;
  /** IPv4, on the RoCE link. */
  readonly address: string;
  /** Where this checkout is on the node. */
  readonly project: string;
  /** Rejects with CommandNotStarted, CommandTimedOut, NodeGone. */
  run(command: string, args?: readonly string[], options?: RunOptions): Promise<RunResult>;
  start(command: string, args?: readonly string[], options?: StartOptions): NodeProcess;
  /** All that the kernel said since boot; on a real host, since the rig connected. */
  kernelLog(): Promise<string>;
  /** Pulls the cable, and puts it in again. Resolves when the node has noticed. */
  linkDown(): Promise<void>;
  linkUp(): Promise<void>;
  /** Takes the place of whatever was set before. */
  impair(impairment: Impairment): Promise<void>;
  clearImpairment(): Promise<void>;
  /** Stops the whole node in its tracks, clocks and all. */
  freeze(): void;
  thaw(): void;
  /** Power cut. */
  kill(): Promise<void>;
}
