// Opens contenders across two nodes: a server process on a, a client process on b, each fresh and its own.
import { Contender } from '../bench/contender.ts';
import { LineProcess, type Reply } from '../bench/line-process.ts';
import type { RigNode } from '../rig/rig-node.ts';
import { type ClientName, isMemoryName, type ServerName, serverOf } from './names.ts';
import { nodeChild } from './node-child.ts';

/** Each server has a port of its own, from here on. */
const PORT_FIRST = 7070;

interface Server {
  readonly process: LineProcess;
  readonly address: string;
  readonly reply: Reply;
}

export class NodeContenders {
  readonly #home: RigNode;
  readonly #away: RigNode;
  readonly #servers = new Map<ServerName, Promise<Server>>();
  readonly #clients: LineProcess[] = [];
  readonly #directories = new Map<RigNode, Promise<string>>();

  constructor(home: RigNode, away: RigNode) {
    this.#home = home;
    this.#away = away;
  }

  /** Rejects if either process fails to get ready. */
  async open(name: ClientName): Promise<Contender<ClientName>> {
    const server = await this.#server(serverOf(name));
    const url = server.reply['url'];
    const { place, env } = await this.#settings(this.#away, name, server.address, { LEASEWIRE_PEERS: server.address });
    const client = this.#start(this.#away, 'client', name, typeof url === 'string' ? url : place, env);
    this.#clients.push(client);
    await client.reply();
    // Those that share a server leave it to close() here.
    return new Contender({ name, client, ...(isMemoryName(name) ? {} : { server: server.process }) });
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    const servers = await Promise.allSettled(this.#servers.values());
    await Promise.all(servers.map((each) => (each.status === 'fulfilled' ? each.value.process.close() : undefined)));
    await Promise.all([...this.#directories].map(async ([node, path]) => node.run('rm', ['-rf', await path])));
  }

  #server(name: ServerName): Promise<Server> {
    const found = this.#servers.get(name) ?? this.#startServer(name, PORT_FIRST + this.#servers.size);
    this.#servers.set(name, found);
    return found;
  }

  async #startServer(name: ServerName, port: number): Promise<Server> {
    const address = `${this.#home.address}:${port}`;
    const { place, env } = await this.#settings(this.#home, name, address, { LEASEWIRE_LISTEN: address });
    const process = this.#start(this.#home, 'server', name, place, env);
    const reply = await process.reply();
    return { process, address, reply };
  }

  /** PLACE and the environment of a process: leasewire's is a run-time directory of its own. */
  async #settings(
    node: RigNode,
    name: string,
    address: string,
    network: Readonly<Record<string, string>>,
  ): Promise<{ readonly place: string; readonly env: Readonly<Record<string, string>> }> {
    if (!name.startsWith('leasewire-')) return { place: address, env: {} };
    const place = `${await this.#directory(node)}/${name}`;
    return { place, env: { ...network, LEASEWIRE_INSECURE: '1', LEASEWIRE_RUNTIME_DIR: place } };
  }

  #directory(node: RigNode): Promise<string> {
    const made = this.#directories.get(node) ?? makeDirectory(node);
    this.#directories.set(node, made);
    return made;
  }

  #start(
    node: RigNode,
    program: 'client' | 'server',
    name: string,
    place: string,
    env: Readonly<Record<string, string>>,
  ): LineProcess {
    const file = `${node.project}/dist/hw-tests/roce-bench/${program}.js`;
    return new LineProcess(`${name} ${program}`, nodeChild(node.start('node', [file, name, place], { env })));
  }
}

async function makeDirectory(node: RigNode): Promise<string> {
  const { code, stdout, stderr } = await node.run('mktemp', ['-d']);
  if (code !== 0) throw new Error(`node ${node.name}: mktemp: ${stderr.trim()}`);
  return stdout.trim();
}
