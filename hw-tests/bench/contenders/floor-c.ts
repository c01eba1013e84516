// floor.c, compiled here and now with this machine's compiler, and pinned to two cores.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { Contender, numberIn } from '../contender.ts';
import { twoCores } from '../cores.ts';
import type { Place } from '../place.ts';
import { sourceFile } from '../project.ts';

const CC_FLAGS = ['-std=c11', '-O2', '-Wall', '-Wextra'];

export async function openFloorC(place: Place): Promise<Contender> {
  const cores = twoCores();
  const program = compile(place.subdirectory('floor-c'));
  const client = place.start('floor-c', program, cores.map(String));
  const ready = await client.reply();
  const { spin, pauseNs, plainNs } = ready;
  const kept = spin === 'pause' ? 'with the pause instruction' : 'without the pause instruction';
  const note = `pinned to CPUs ${cores.join(' and ')}, spins ${kept} (64 B: with it ${pauseNs} ns, without ${plainNs} ns)`;
  return new Contender({ name: 'floor-c', client, forkedPid: numberIn(ready, 'serverPid'), note });
}

function compile(directory: string): string {
  const program = join(directory, 'floor');
  const compiler = process.env['CC'] ?? 'cc';
  execFileSync(compiler, [...CC_FLAGS, sourceFile('hw-tests/bench/floor.c'), '-o', program], {
    stdio: 'pipe',
  });
  return program;
}
