// A node that is a real host, reached over SSH. Its power, its cable and its clock are not the rig's to take.
import type { AgentChannel } from './agent-channel.ts';
import { AgentNode, type NodeIdentity } from './agent-node.ts';
import { NodeFailed, NotOnARealHost } from './errors.ts';
import type { Impairment } from './rig-node.ts';

export class SshNode extends AgentNode {
  readonly #channel: AgentChannel;
  #bootSeconds = 0;
  #isImpaired = false;

  private constructor(identity: NodeIdentity, channel: AgentChannel) {
    super(identity, channel);
    this.#channel = channel;
  }

  /** Rejects with NodeFailed unless the project is there. */
  static async open(identity: NodeIdentity, channel: AgentChannel): Promise<SshNode> {
    const node = new SshNode(identity, channel);
    const { code } = await node.run('test', ['-f', `${identity.project}/package.json`], { cwd: '/' });
    if (code !== 0) {
      throw new NodeFailed(
        `node ${node.name} has no project at ${node.project}: copy it, or set LEASEWIRE_RIG_PROJECT`,
      );
    }
    node.#bootSeconds = Number.parseFloat(await node.tool('cat', ['/proc/uptime']));
    return node;
  }

  /** The lines that are younger than the connection. */
  async kernelLog(): Promise<string> {
    const lines = (await this.tool('dmesg', [])).split('\n');
    return lines.filter((line) => Number(/^\[\s*([\d.]+)\]/.exec(line)?.[1] ?? 0) >= this.#bootSeconds).join('\n');
  }

  override async impair(impairment: Impairment): Promise<void> {
    this.#isImpaired = true;
    await super.impair(impairment);
  }

  async linkDown(): Promise<void> {
    this.#refuse('its link can not be taken down');
  }

  async linkUp(): Promise<void> {
    this.#refuse('its link can not be brought up');
  }

  freeze(): void {
    this.#refuse('it can not be frozen');
  }

  thaw(): void {
    this.#refuse('it can not be thawed');
  }

  async kill(): Promise<void> {
    this.#refuse('its power can not be cut');
  }

  /** Leaves the host as it was. */
  async close(): Promise<void> {
    if (this.#isImpaired && this.#channel.isOpen) await this.clearImpairment();
    this.#channel.close('the rig was stopped');
  }

  #refuse(what: string): never {
    throw new NotOnARealHost(`node ${this.name} is a real host: ${what}`);
  }
}
