// Draws what one run is: how many processes on how many machines, what they do, how busily, and what goes wrong. Each
// kind of fault is off in about half of all runs, so that one does not always hide another ("swarm testing", Groce and others).
import type { Chance } from './chance.ts';
import type { Fault, FaultKind } from './fault.ts';
import { drawWorkloads, type WorkloadName } from './workloads.ts';

export interface Shape {
  readonly machines: number;
  readonly homes: number;
  readonly holders: number;
  /** Leases with a server that each home has at a time; all together there is one for each client. */
  readonly serversPerHome: number;
  readonly clientsPerHolder: number;
  /** About the time between two things that a process does. */
  readonly paceMs: number;
  /** The time in which things go wrong. */
  readonly chaosMs: number;
  /** What memory some of the machines share: those with the lowest numbers. */
  readonly sharing: Sharing;
}

export interface Sharing {
  readonly machines: number;
  readonly coherent: boolean;
}

export interface Plan {
  readonly shape: Shape;
  readonly workloads: readonly WorkloadName[];
  readonly faults: readonly Fault[];
}

export function drawPlan(chance: Chance): Plan {
  const shape = drawShape(chance.fork());
  const kinds = Object.keys(draws) as FaultKind[];
  const each = chance.fork();
  const faults = kinds.flatMap((kind) => drawFaults(kind, shape, each.fork()));
  const workloads = drawWorkloads(chance.fork());
  return { shape: { ...shape, sharing: drawSharing(shape, chance.fork()) }, workloads, faults };
}

const poolShare = 0.4;
const coherentShare = 0.25;

/** A pool is for two machines at least. */
function drawSharing({ machines }: DrawnShape, chance: Chance): Sharing {
  const [shares, coherent] = [chance.happens(poolShare), chance.happens(coherentShare)];
  return { machines: shares && machines > 1 ? chance.integer(2, machines) : 0, coherent };
}

/** A bug that takes many steps is rarer than one that takes few. */
const stepsMin = 10;
const stepsMax = 120;
const chaosMsMax = 86_400_000;

type DrawnShape = Omit<Shape, 'sharing'>;

function drawShape(chance: Chance): DrawnShape {
  const homes = chance.integer(1, 3);
  const holders = chance.integer(1, 4);
  const clientsPerHolder = chance.integer(1, 2);
  const paceMs = chance.octaves(2, 524_288);
  return {
    machines: chance.integer(1, 3),
    homes,
    holders,
    serversPerHome: Math.ceil((holders * clientsPerHolder) / homes),
    clientsPerHolder,
    paceMs,
    chaosMs: Math.min(paceMs * chance.octaves(stepsMin, stepsMax), chaosMsMax),
  };
}

interface Draw {
  /** Whether it is a state that lasts, or something that happens to one process. */
  readonly lasts: boolean;
  readonly strength: (chance: Chance, fierce: boolean) => number;
  readonly forMs?: (chance: Chance) => number;
}

const none = () => 0;
const ms = (mild: number, most: number) => (chance: Chance, fierce: boolean) =>
  chance.octaves(0.01, fierce ? most : mild);
const share = (mild: number, most: number) => (chance: Chance, fierce: boolean) =>
  chance.between(0, fierce ? most : mild);

/** What is added stands last: then it changes nothing else of what a seed draws. */
const draws: Record<FaultKind, Draw> = {
  'slow network': { lasts: true, strength: ms(20, 4000) },
  'slow fabric': { lasts: true, strength: ms(5, 400) },
  'lossy fabric': { lasts: true, strength: share(0.01, 0.3) },
  'torn writes': { lasts: true, strength: share(0.2, 1) },
  'late notices': { lasts: true, strength: ms(1, 200) },
  'no way': { lasts: true, strength: share(0.3, 1) },
  'broken connections': { lasts: false, strength: none },
  'lost connections': { lasts: false, strength: none },
  'broken card': { lasts: false, strength: none },
  freeze: { lasts: false, strength: none, forMs: (chance) => chance.octaves(1, 60_000) },
  'blocked thread': { lasts: false, strength: none, forMs: (chance) => chance.octaves(1, 2000) },
  crash: { lasts: false, strength: none, forMs: (chance) => chance.octaves(1, 30_000) },
  'slow wakes': { lasts: true, strength: ms(1, 100) },
  preemption: { lasts: true, strength: ms(0.1, 20) },
  'drifting clock': { lasts: false, strength: (chance) => chance.between(-400, 400) },
  'short leases': { lasts: true, strength: (chance, fierce) => chance.octaves(10, fierce ? 100 : 2000) },
  revokes: { lasts: false, strength: none },
  'scarce memory': {
    lasts: true,
    strength: (chance, fierce) => (fierce ? chance.between(0.99, 1) : chance.between(0, 0.9)),
  },
  'slow handlers': { lasts: true, strength: ms(10, 2000) },
  'split chunks': { lasts: true, strength: share(0.3, 1) },
  'narrow windows': {
    lasts: true,
    strength: (chance, fierce) => (fierce ? chance.between(0.99, 1) : chance.between(0, 0.99)),
  },
  'unanswered connects': { lasts: true, strength: share(0.2, 0.9) },
  'cut connections': { lasts: true, strength: share(0.2, 0.9) },
  evictions: { lasts: true, strength: share(0.05, 0.5) },
  'late flushes': { lasts: true, strength: share(0.3, 1) },
  'broken writes': { lasts: true, strength: share(0.1, 0.5) },
  'lost last words': { lasts: true, strength: share(0.3, 1) },
};

const offShare = 0.5;
const fierceShare = 0.4;

function drawFaults(kind: FaultKind, shape: DrawnShape, chance: Chance): Fault[] {
  const { lasts } = draws[kind];
  if (chance.happens(offShare)) return [];
  const fierce = chance.happens(fierceShare);
  const windows = lasts ? chance.integer(1, 2) : chance.integer(1, fierce ? 12 : 3);
  return Array.from({ length: windows }, () => drawFault(kind, shape, chance, fierce));
}

function drawFault(kind: FaultKind, { chaosMs }: DrawnShape, chance: Chance, fierce: boolean): Fault {
  const { lasts, strength, forMs = none } = draws[kind];
  const whole = lasts && chance.happens(0.3);
  const atMs = whole || kind === 'drifting clock' ? 0 : chance.between(0, chaosMs);
  const lastingMs = whole ? chaosMs : chance.between(0, chaosMs - atMs);
  return {
    kind,
    atMs,
    forMs: lasts ? lastingMs : forMs(chance),
    target: chance.integer(0, 11),
    strength: strength(chance, fierce),
  };
}
