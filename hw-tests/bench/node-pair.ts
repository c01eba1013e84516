// A contender of two Node processes, server and client, each fresh and its own: one contender's JIT feedback and
// heap do not reach another's.
import { Contender } from './contender.ts';
import type { NodeContenderName } from './names.ts';
import type { Place } from './place.ts';
import { childProgram } from './project.ts';

export async function openNodePair(name: NodeContenderName, place: Place): Promise<Contender> {
  const directory = place.subdirectory(name);
  const server = place.start(`${name} server`, process.execPath, [childProgram('server'), name, directory]);
  await server.reply();
  const client = place.start(`${name} client`, process.execPath, [childProgram('client'), name, directory]);
  try {
    await client.reply();
  } catch (error) {
    server.kill(); // a server without a client may yet spin, and the others are about to be measured
    throw error;
  }
  return new Contender({ name, client, server });
}
