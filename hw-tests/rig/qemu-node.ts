// A node that is a virtual machine.
import { setTimeout } from 'node:timers/promises';
import { AgentChannel } from './agent-channel.ts';
import { AgentNode, NodeFailed } from './agent-node.ts';
import { BootFailed } from './errors.ts';
import { LINK_NAME, type Machine } from './machine.ts';

const BOOT_MS_MAX = 180_000;
const CARRIER_MS_MAX = 30_000;
const CARRIER_POLL_MS = 10;

export class QemuNode extends AgentNode {
  readonly #machine: Machine;
  readonly #channel: AgentChannel;

  private constructor(name: string, address: string, project: string, machine: Machine, channel: AgentChannel) {
    super(name, address, project, channel);
    this.#machine = machine;
    this.#channel = channel;
  }

  /** Resolves when the agent in there runs commands. Rejects with BootFailed, and then nothing runs any more. */
  static async boot(name: string, address: string, project: string, machine: Machine): Promise<QemuNode> {
    const channel = new AgentChannel(name, machine.agent);
    const late = new AbortController();
    const watchdog = setTimeout(BOOT_MS_MAX, undefined, { signal: late.signal }).then(() => {
      throw new Error(`not ready after ${BOOT_MS_MAX} ms`);
    });
    try {
      await Promise.race([channel.ready, watchdog]);
      return new QemuNode(name, address, project, machine, channel);
    } catch (cause) {
      await machine.kill();
      throw new BootFailed(`node ${name} did not come up. Its console:\n${machine.console()}`, { cause });
    } finally {
      watchdog.catch(() => undefined);
      late.abort();
    }
  }

  async kernelLog(): Promise<string> {
    return this.#channel.isOpen ? this.tool('dmesg', []) : this.#machine.console();
  }

  linkDown(): Promise<void> {
    return this.#setLink(false);
  }

  linkUp(): Promise<void> {
    return this.#setLink(true);
  }

  freeze(): void {
    this.#machine.signal('SIGSTOP');
  }

  thaw(): void {
    this.#machine.signal('SIGCONT');
  }

  async kill(): Promise<void> {
    this.#channel.close('its power was cut');
    await this.#machine.kill();
  }

  async #setLink(up: boolean): Promise<void> {
    await this.#machine.monitor.ask('set_link', { name: LINK_NAME, up });
    const carrier = `/sys/class/net/${await this.interface()}/carrier`;
    const deadline = performance.now() + CARRIER_MS_MAX;
    while ((await this.tool('cat', [carrier])).trim() !== (up ? '1' : '0')) {
      if (performance.now() > deadline)
        throw new NodeFailed(`node ${this.name} did not see its link ${up ? 'up' : 'down'}`);
      await setTimeout(CARRIER_POLL_MS);
    }
  }
}
