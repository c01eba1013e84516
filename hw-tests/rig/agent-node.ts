// What virtual machines and real hosts have in common: an agent that runs commands, and Linux around it.
import { text } from 'node:stream/consumers';
import type { AgentChannel } from './agent-channel.ts';
import { CommandTimedOut, NodeFailed } from './errors.ts';
import { netemArgs } from './impairment.ts';
import type { NodeProcess } from './node-process.ts';
import type { Impairment, RigNode, RunOptions, RunResult, StartOptions } from './rig-node.ts';

const RUN_MS_MAX = 600_000;
const REACH_SECONDS_MAX = 30;

export interface NodeIdentity {
  readonly name: string;
  readonly address: string;
  readonly project: string;
}

export abstract class AgentNode implements RigNode {
  readonly name: string;
  readonly address: string;
  readonly project: string;
  readonly #channel: AgentChannel;

  constructor({ name, address, project }: NodeIdentity, channel: AgentChannel) {
    this.name = name;
    this.address = address;
    this.project = project;
    this.#channel = channel;
  }

  abstract kernelLog(): Promise<string>;
  abstract linkDown(): Promise<void>;
  abstract linkUp(): Promise<void>;
  abstract freeze(): void;
  abstract thaw(): void;
  abstract kill(): Promise<void>;
  /** The end of it, and of what runs on it for the rig. */
  abstract close(): Promise<void>;

  start(
    command: string,
    args: readonly string[] = [],
    { env = {}, cwd = this.project }: StartOptions = {},
  ): NodeProcess {
    return this.#channel.start({ args: [command, ...args], env, cwd });
  }

  async run(command: string, args: readonly string[] = [], options: RunOptions = {}): Promise<RunResult> {
    const { timeoutMs = RUN_MS_MAX, ...rest } = options;
    const process = this.start(command, args, rest);
    process.stdin.end();
    let isLate = false;
    const watchdog = setTimeout(() => {
      isLate = true;
      process.killAll('SIGKILL');
    }, timeoutMs);
    try {
      const [stdout, stderr, end] = await Promise.all([text(process.stdout), text(process.stderr), process.exited]);
      if (!isLate) return { ...end, stdout, stderr };
      throw new CommandTimedOut(`${command}: took more than ${timeoutMs} ms\n${stdout}\n${stderr}`);
    } finally {
      clearTimeout(watchdog);
    }
  }

  /** Resolves when packets went there and back. Rejects with NodeFailed. */
  async reach(address: string): Promise<void> {
    await this.tool('ping', ['-q', '-c', '1', '-w', `${REACH_SECONDS_MAX}`, address]);
  }

  async impair(impairment: Impairment): Promise<void> {
    const netem = netemArgs(impairment);
    await this.tool('tc', ['qdisc', 'replace', 'dev', await this.interface(), 'root', 'netem', ...netem]);
  }

  async clearImpairment(): Promise<void> {
    const name = await this.interface();
    // The interface's own discipline comes back by itself; and it can not be deleted, so there is nothing to do then.
    if (!(await this.tool('tc', ['qdisc', 'show', 'dev', name])).includes('netem')) return;
    await this.tool('tc', ['qdisc', 'del', 'dev', name, 'root']);
  }

  /** The name of the interface that has this node's address. */
  protected async interface(): Promise<string> {
    const listed = await this.tool('ip', ['-o', 'address', 'show', 'to', this.address]);
    const [, name] = listed.split(/\s+/);
    if (name === undefined) throw new NodeFailed(`node ${this.name} has no interface with ${this.address}`);
    return name;
  }

  /** Its stdout. Rejects with NodeFailed unless it ends well. */
  protected async tool(command: string, args: readonly string[]): Promise<string> {
    const { code, signal, stdout, stderr } = await this.run(command, args, { cwd: '/' });
    if (code === 0) return stdout;
    const words = [command, ...args].join(' ');
    throw new NodeFailed(`node ${this.name}: ${words}: ${signal ?? `exit status ${code}`}: ${stderr.trim()}`);
  }
}
