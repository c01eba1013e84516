// A node that is a virtual machine.
import { setTimeout } from 'node:timers/promises';
import { AgentChannel } from './agent-channel.ts';
import { AgentNode, type NodeIdentity } from './agent-node.ts';
import { BootFailed, NodeFailed } from './errors.ts';
import type { Machine } from './machine.ts';
import { LINK_NAME } from './machine-options.ts';

const BOOT_MS_MAX = 180_000;
const LINK_MS_MAX = 30_000;
const LINK_POLL_MS = 10;

export class QemuNode extends AgentNode {
  readonly #machine: Machine;
  readonly #channel: AgentChannel;
  #isFrozen = false;

  private constructor(identity: NodeIdentity, machine: Machine, channel: AgentChannel) {
    super(identity, channel);
    this.#machine = machine;
    this.#channel = channel;
  }

  /** Resolves when the agent in there runs commands. Rejects with BootFailed, and then nothing runs any more. */
  static async boot(identity: NodeIdentity, machine: Machine): Promise<QemuNode> {
    const channel = new AgentChannel(identity.name, machine.agent);
    const late = globalThis.setTimeout(() => channel.close(`not ready after ${BOOT_MS_MAX} ms`), BOOT_MS_MAX);
    try {
      await channel.ready;
      return new QemuNode(identity, machine, channel);
    } catch (cause) {
      await machine.kill();
      throw new BootFailed(`node ${identity.name} did not come up. Its console:\n${machine.console()}`, { cause });
    } finally {
      clearTimeout(late);
    }
  }

  async kernelLog(): Promise<string> {
    if (this.#channel.isOpen) return this.tool('dmesg', []);
    await this.#machine.ended;
    return this.#machine.console();
  }

  linkDown(): Promise<void> {
    return this.#setLink(false);
  }

  linkUp(): Promise<void> {
    return this.#setLink(true);
  }

  freeze(): void {
    this.#isFrozen = true;
    this.#machine.signal('SIGSTOP');
  }

  thaw(): void {
    this.#isFrozen = false;
    this.#machine.signal('SIGCONT');
  }

  async kill(): Promise<void> {
    this.#channel.close('its power was cut');
    await this.#machine.kill();
  }

  close(): Promise<void> {
    return this.kill();
  }

  async #setLink(up: boolean): Promise<void> {
    // Its monitor is as frozen as the rest of it.
    if (this.#isFrozen) throw new NodeFailed(`node ${this.name} is frozen: its link can not be changed`);
    await this.#machine.monitor.ask('set_link', { name: LINK_NAME, up });
    // Not its carrier, which changes up to a second before packets flow.
    const state = `/sys/class/net/${await this.interface()}/operstate`;
    const deadlineMs = performance.now() + LINK_MS_MAX;
    while ((await this.tool('cat', [state])).trim() !== (up ? 'up' : 'down')) {
      if (performance.now() > deadlineMs) throw new NodeFailed(`node ${this.name} did not notice its link`);
      await setTimeout(LINK_POLL_MS);
    }
  }
}
