// What is done to a node's network beside the rig's own faults: one kind of its packets dropped, its TCP connections ended,
// its RDMA link taken away and added again.
import type { NodeProcess } from '../rig/node-process.ts';
import type { RigNode } from '../rig/rig-node.ts';

/** RoCE v2 is UDP to this port. */
const rocePort = '4791';

type Kind = 'tcp' | 'roce' | 'ip';

const filters: Readonly<Record<Kind, string>> = {
  tcp: 'ip_proto tcp',
  roce: `ip_proto udp dst_port ${rocePort}`,
  ip: '',
};

const link = 'rxe0';

async function shell(node: RigNode, script: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await node.run('sh', ['-euc', script, ...args]);
  if (code !== 0) throw new Error(`${script} on ${node.name}: ${stderr}`);
  return stdout.trim();
}

async function interfaceOf(node: RigNode): Promise<string> {
  return shell(node, `ip -o address show to "$0" | awk '{ print $2 }'`, node.address);
}

/**
 * Drops such packets on their way between nodes, both ways, without a word to anybody, while the work goes on. They are
 * dropped where they arrive: a sender is told of what its own machine drops.
 */
export async function dropping(nodes: readonly RigNode[], kind: Kind, work: () => Promise<void>): Promise<void> {
  await Promise.all(nodes.map((node) => drop(node, kind)));
  try {
    await work();
  } finally {
    await Promise.all(nodes.map(async (node) => shell(node, 'tc qdisc del dev "$0" clsact', await interfaceOf(node))));
  }
}

async function drop(node: RigNode, kind: Kind): Promise<void> {
  const filter = `protocol ip prio 1 flower ${filters[kind]} action drop`;
  await shell(node, `tc qdisc add dev "$0" clsact; tc filter add dev "$0" ingress ${filter}`, await interfaceOf(node));
}

/** Ends the TCP connections of `node` with `peer`; both are told by a reset. How many there were. */
export async function endConnections(node: RigNode, peer: RigNode): Promise<number> {
  const listed = await shell(node, 'ss -HKt dst "$0"', peer.address);
  return listed === '' ? 0 : listed.split('\n').length;
}

/** Ends when the link has gone, which it does once nobody uses it any more. */
export function deleteLink(node: RigNode): NodeProcess {
  return node.start('rdma', ['link', 'delete', link]);
}

/** Resolves when the link has its address. */
export async function addLink(node: RigNode): Promise<void> {
  await shell(
    node,
    `rdma link add ${link} type rxe netdev "$0"
     until grep -qsx "$1" /sys/class/infiniband/${link}/ports/1/gids/1; do sleep 0.02; done`,
    await interfaceOf(node),
    gidOf(node.address),
  );
}

/** ::ffff:a.b.c.d, in the form that the kernel prints. */
function gidOf(ipv4: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4.split('.').map(Number);
  const word = (high: number, low: number) => ((high << 8) | low).toString(16).padStart(4, '0');
  return `0000:0000:0000:0000:0000:ffff:${word(a, b)}:${word(c, d)}`;
}
