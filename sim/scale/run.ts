// One size, from its start to its end: nodes serve and find each other, take their leases, go on for a while, a tenth of
// them is lost, the others get on without, and all is given back.
import { invariant, peerPollMs } from '#bridge';
import { World } from '../world.ts';
import { Cluster, type ClusterOptions } from './cluster.ts';
import type { Figures, Row } from './figures.ts';
import { heldBytes } from './held-bytes.ts';
import { discoveryKinds, type Kind, kinds, registryKinds, Tally } from './traffic.ts';

export interface RunOptions extends ClusterOptions {
  readonly seed: number;
}

const lostShare = 0.1;
const messageMsMin = 0.05;
const messageMsMax = 0.15;
/** Leases are renewed after this share of their time, at the mean: within so long they begin, and so long they are looked at. */
const renewalShare = 0.75;
/** Rounds of asking that are looked at. */
const looks = 3;
const goodbyeMs = 1000;
const settleMsMax = 60_000;
const stepMs = 10;
const machineBytes: number = 2 ** 40;
/** Leases have no more, so that there can be many. */
const leaseBytes = 64;

/** What came in some time, and how long that was. */
interface Span {
  readonly seconds: number;
  readonly received: Tally;
  /** By the busiest node. */
  readonly questionsMax: number;
}

interface Steady {
  /** With nobody who watches, and with those who do. */
  readonly leasing: Span;
  readonly finding: Span;
  readonly connections: number;
  readonly connectionsMax: number;
  readonly queuePairs: readonly number[];
  readonly registeredBytes: number;
  readonly leases: number;
}

interface Loss {
  readonly lost: number;
  readonly viewsMs: number | undefined;
  readonly leasesMs: number | undefined;
}

export async function runScale(options: RunOptions): Promise<Row> {
  const cpuAtStart = process.cpuUsage();
  const bytesBefore = heldBytes();
  const world = worldOf(options.seed);
  const cluster = new Cluster(world, options);
  await begin(world, cluster);
  const bytesAfter = heldBytes();
  const cpuBefore = process.cpuUsage();
  const steady = await measure(world, cluster);
  const measuredUs = cpuUs(cpuBefore);
  const loss = await lose(world, cluster);
  const leftOver = await end(world, cluster);
  const received = steady.leasing.received.copy().plus(steady.finding.received);
  return {
    figures: figuresOf(options, steady, loss, leftOver),
    costs: {
      seconds: cpuUs(cpuAtStart) / 1e6,
      messageUs: measuredUs / received.messages,
      nodeBytes: bytesBefore === undefined ? undefined : ((bytesAfter ?? 0) - bytesBefore) / options.nodes,
    },
    byKind: received.toJSON(),
  };
}

/** Time is exact: where thousands share a timeline, looks at the clock must take none of it. */
function worldOf(seed: number): World {
  const world = new World(seed, { readMs: 0 });
  world.network.wholeMessages = true;
  const delays = world.random.fork();
  world.network.delayMs = () => messageMsMin + (messageMsMax - messageMsMin) * delays.unit();
  world.fabric.delayMs = world.network.delayMs;
  world.machine.freeBytes = machineBytes;
  world.machine.grainBytes = leaseBytes;
  world.machine.freeDoorbells = Number.MAX_SAFE_INTEGER;
  return world;
}

async function begin(world: World, cluster: Cluster): Promise<void> {
  await cluster.serve();
  cluster.tellHomes();
  await cluster.wantLeases(cluster.options.leaseMs * renewalShare);
  if (await until(world, () => cluster.unserved === 0)) return;
  throw new Error(`${cluster.unserved} nodes of ${cluster.nodes.length} do not get their leases`);
}

async function measure(world: World, cluster: Cluster): Promise<Steady> {
  const { nodes, options } = cluster;
  const leasing = await span(world, cluster, options.leaseMs * renewalShare);
  await cluster.watchHomes();
  if (!(await until(world, () => cluster.wrongViews === 0))) {
    throw new Error(`${cluster.wrongViews} nodes of ${options.watchers} that watch do not find all homes`);
  }
  for (const node of nodes) node.takeCarriersMax();
  const finding = await span(world, cluster, looks * peerPollMs);
  return {
    leasing,
    finding,
    connections: mean(nodes.map((node) => node.connectionsAtRest)),
    connectionsMax: largest(nodes.map((node) => node.takeCarriersMax())),
    queuePairs: nodes.map(({ process }) => process.card.open),
    registeredBytes: mean(nodes.map(({ process }) => process.card.registeredBytes)),
    leases: nodes.reduce((sum, { tenant }) => sum + tenant.held.size, 0),
  };
}

async function span(world: World, { nodes }: Cluster, ms: number): Promise<Span> {
  const before = nodes.map(({ traffic }) => traffic.received.copy());
  await world.clock.advance(ms);
  const received = nodes.map(({ traffic }, at) => traffic.received.since(before[at] ?? new Tally()));
  return {
    seconds: ms / 1000,
    received: received.reduce((sum, each) => sum.plus(each), new Tally()),
    questionsMax: largest(received.map((each) => each.of(...registryKinds))) / (ms / 1000),
  };
}

/** A tenth of the nodes at once, drawn from the seed. */
async function lose(world: World, cluster: Cluster): Promise<Loss> {
  const doomed = draw(world, cluster.nodes, Math.round(cluster.nodes.length * lostShare));
  const lostAtMs = world.clock.timeMs;
  cluster.lose(doomed);
  const since = (ms: number) => Math.max(0, ms - lostAtMs);
  await until(world, () => cluster.wrongViews === 0 && cluster.unserved === 0);
  const last = (times: readonly number[]) => since(largest(times));
  const views = cluster.watchers.map(({ view }) => view.changedAtMs);
  const leases = cluster.nodes.map(({ tenant }) => tenant.changedAtMs);
  return {
    lost: doomed.size,
    viewsMs: cluster.wrongViews === 0 ? last(views) : undefined,
    leasesMs: cluster.unserved === 0 ? last(leases) : undefined,
  };
}

/** Leases whose holders are gone run out, then everybody goes. Returns how many leases outlived their time. */
async function end(world: World, cluster: Cluster): Promise<number> {
  const { nodes } = cluster;
  for (const { view } of nodes) view.close();
  await world.clock.advance(cluster.options.leaseMs + goodbyeMs);
  const held = nodes.reduce((sum, { tenant }) => sum + tenant.held.size, 0);
  const granted = nodes.reduce((sum, { leasesAtHome }) => sum + leasesAtHome - 1, 0);
  await cluster.close();
  await world.clock.advance(goodbyeMs);
  for (const { process } of nodes) {
    invariant(process.transport.open === 0 && process.card.open === 0, 'whoever has ended keeps no connection');
  }
  return granted - held;
}

function figuresOf({ nodes, watchers }: RunOptions, steady: Steady, loss: Loss, leftOver: number): Figures {
  const { leasing, finding, queuePairs, connections, connectionsMax, registeredBytes, leases } = steady;
  const perNode = ({ seconds, received }: Span, of: readonly Kind[]) => received.of(...of) / seconds / nodes;
  // Had all watched, each node would have been asked so much more often.
  const asIfAll = nodes / watchers;
  const leaseMessages = perNode(leasing, kinds);
  const findingMessages = perNode(finding, discoveryKinds) * asIfAll;
  return {
    nodes,
    leases,
    watchers,
    leaseMessages,
    findingMessages,
    messages: (leaseMessages + findingMessages) * nodes,
    questions: perNode(finding, registryKinds) * asIfAll,
    questionsMax: finding.questionsMax,
    notices: perNode(leasing, ['renewed', 'ended']),
    connections,
    connectionsMax,
    queuePairs: mean(queuePairs),
    queuePairsMax: largest(queuePairs),
    registeredBytes,
    ...loss,
    leftOver,
  };
}

/** Lets time pass until that is so; false if it takes too long. */
async function until(world: World, isSo: () => boolean): Promise<boolean> {
  const endMs = world.clock.timeMs + settleMsMax;
  while (!isSo()) {
    if (world.clock.timeMs >= endMs) return false;
    await world.clock.advance(stepMs);
  }
  return true;
}

function draw<T>({ random }: World, from: readonly T[], count: number): Set<T> {
  const left = [...from];
  const drawn = new Set<T>();
  while (drawn.size < count)
    for (const each of left.splice(Math.floor(random.unit() * left.length), 1)) drawn.add(each);
  return drawn;
}

function cpuUs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return user + system;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, each) => sum + each, 0) / values.length;
}

function largest(values: readonly number[]): number {
  return values.reduce((most, each) => Math.max(most, each), 0);
}
