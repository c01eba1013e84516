// How many seeds it takes to find each planted bug, from several beginnings.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Plant } from './plant.ts';
import type { Finding } from './try-plant.ts';

const beginnings = [1, 10_001, 20_001, 30_001, 40_001, 50_001, 60_001, 70_001, 80_001] as const;

/** Looks for one bug from one seed on, in a process of its own. `program`: try-plant.js, as built. */
export async function hunt(plant: Plant, firstSeed: number, program: string = ownProgram()): Promise<Finding> {
  const args = [program, plant.name, String(firstSeed), String(plant.seedsMax)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as Finding;
}

export async function huntAll(plants: readonly Plant[]): Promise<void> {
  for (const plant of plants) {
    const findings: Finding[] = [];
    for (const beginning of beginnings) findings.push(await hunt(plant, beginning));
    console.log(
      `${plant.name}: ${distribution(findings)}\n    as: ${findings.find(({ seeds }) => seeds > 0)?.failure ?? ''}`,
    );
    if (findings.some(({ seeds }) => seeds === 0)) process.exitCode = 1;
  }
}

function distribution(findings: readonly Finding[]): string {
  const found = findings
    .map(({ seeds }) => seeds)
    .filter((seeds) => seeds > 0)
    .sort((a, b) => a - b);
  const missed = findings.length - found.length;
  const median = found[Math.floor(found.length / 2)] ?? 0;
  return `found after ${found.join(', ')} seeds, median ${median}${missed > 0 ? `, MISSED ${missed} times` : ''}`;
}

function ownProgram(): string {
  return fileURLToPath(new URL('./try-plant.js', import.meta.url));
}
