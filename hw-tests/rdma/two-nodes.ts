// What tests of processes on two nodes share: one rig for a file, homes on node a and holders on node b, which end with
// their test, and both cards, which must then have what they had before it.
import { afterEach, beforeEach, expect } from 'vitest';
import type { HomeDriver, HomeLease } from '../../sdk/conformance/index.ts';
import { settled } from '../local/settled.ts';
import { bundledProgram } from '../rig/node-programs.ts';
import { describeOnRig } from '../rig/on-rig.ts';
import type { Impairment, RigNode } from '../rig/rig-node.ts';
import { holderEnvironment, homeEnvironment } from './places.ts';
import { type RigHome, RigProgram, startRigHome, startRigHomeProcess } from './rig-program.ts';

const kinds = ['mr', 'qp', 'pd', 'cq'] as const;
type Kind = (typeof kinds)[number];

/** How many of each kind user processes have on a node's card. */
export type CardResources = Readonly<Record<Kind, number>>;

export interface TwoNodes {
  a(): RigNode;
  b(): RigNode;
  /** A home of the conformance suite. */
  home(): Promise<HomeDriver>;
  /** The same, with its number on the node. */
  homeProcess(): Promise<RigHome>;
  /** One with a lease that is served. */
  served(): Promise<{ driver: HomeDriver; lease: HomeLease }>;
  /** A home of the suite as a holder: what it is told to attach to comes from elsewhere. */
  holder(): Promise<HomeDriver>;
  /** Programs of hw-tests/programs. */
  onHome(program: string, args: readonly string[]): RigProgram;
  onHolder(program: string, args: readonly string[]): RigProgram;
  /** A client that makes so many calls whenever it is told to. */
  calling(lease: HomeLease, calls: number): Promise<RigProgram>;
  /** Both ways. */
  impaired(impairment: Impairment, work: () => Promise<void>): Promise<void>;
  cards(): Promise<readonly [CardResources, CardResources]>;
  /** What the cards had before the test. */
  before(): readonly [CardResources, CardResources];
}

export async function cardResourcesOf(node: RigNode): Promise<CardResources> {
  const counts = await Promise.all(
    kinds.map(async (kind) => {
      const { code, stdout, stderr } = await node.run('rdma', ['resource', 'show', kind]);
      if (code !== 0) throw new Error(`rdma resource show ${kind}: ${stderr}`);
      // The kernel's own have its module's name in brackets.
      return [kind, stdout.split('\n').filter((line) => /\bpid \d+/.test(line)).length] as const;
    }),
  );
  return Object.fromEntries(counts) as Record<Kind, number>;
}

export function describeTwoNodes(name: string, body: (nodes: TwoNodes) => void): void {
  describeOnRig(name, { nodes: 2 }, (rig) => {
    const a = () => rig().node('a');
    const b = () => rig().node('b');
    const running: { kill(): Promise<unknown> }[] = [];
    const nothing = { mr: 0, qp: 0, pd: 0, cq: 0 };
    let before: readonly [CardResources, CardResources] = [nothing, nothing];
    const cards = () => Promise.all([cardResourcesOf(a()), cardResourcesOf(b())]);

    function kept<T extends { kill(): Promise<unknown> }>(program: T): T {
      running.push(program);
      return program;
    }

    const start = (node: RigNode, program: string, args: readonly string[], env: Record<string, string>) =>
      kept(new RigProgram(node, bundledProgram(`hw-tests/programs/${program}`), args, env));
    const homeProcess = async () => {
      const started = await startRigHomeProcess(a(), homeEnvironment(a()));
      kept(started.driver);
      return started;
    };
    const home = async () => (await homeProcess()).driver;
    const onHolder = (program: string, args: readonly string[]) => start(b(), program, args, holderEnvironment(a()));

    beforeEach(async () => {
      before = await cards();
    });
    afterEach(async () => {
      await Promise.all(running.splice(0).map((program) => program.kill()));
      await settled(async () => expect(await cards()).toEqual(before));
    });

    body({
      a,
      b,
      home,
      homeProcess,
      served: async () => {
        const driver = await home();
        const lease = await driver.acquire();
        await lease.serve();
        return { driver, lease };
      },
      holder: async () => kept(await startRigHome(b(), holderEnvironment(a()))),
      onHome: (program, args) => start(a(), program, args, homeEnvironment(a())),
      onHolder,
      calling: async (lease, calls) => {
        const client = onHolder('calling', [lease.url, `${calls}`]);
        expect(await client.hear('attached')).toMatchObject({ plane: 'rdma' });
        return client;
      },
      impaired: async (impairment, work) => {
        await Promise.all([a().impair(impairment), b().impair(impairment)]);
        try {
          await work();
        } finally {
          await Promise.all([a().clearImpairment(), b().clearImpairment()]);
        }
      },
      cards,
      before: () => before,
    });
  });
}
