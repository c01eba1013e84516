// floor.c, compiled here and now with this machine's compiler, and pinned to two cores.
import { compileC } from '../compile-c.ts';
import { Contender, numberIn } from '../contender.ts';
import { twoCores } from '../cores.ts';
import type { Place } from '../place.ts';

export async function openFloorC(place: Place): Promise<Contender> {
  const cores = twoCores();
  const program = compileC('hw-tests/bench/floor.c', place.subdirectory('floor-c'));
  const client = place.start('floor-c', program, cores.map(String));
  const ready = await client.reply();
  const { spin, pauseNs, plainNs } = ready;
  const kept = spin === 'pause' ? 'with the pause instruction' : 'without the pause instruction';
  const note = `pinned to CPUs ${cores.join(' and ')}, spins ${kept} (64 B: with it ${pauseNs} ns, without ${plainNs} ns)`;
  return new Contender({ name: 'floor-c', client, forkedPid: numberIn(ready, 'serverPid'), note });
}
