// The rig from a terminal: `npm run rig -- --help`.
import { parseArgs } from 'node:util';
import { Rig } from './rig.ts';

const { values } = parseArgs({ options: { nodes: { type: 'string', default: '2' }, exec: { type: 'string' } } });
const rig = await Rig.start({ nodes: values.nodes === '1' ? 1 : 2 });
console.error(`ready after ${Math.round(rig.bootMs)} ms`);
const [, name, command = ''] = /^([ab]): ?(.*)$/s.exec(values.exec ?? '') ?? [];
const node = rig.nodes.find((each) => each.name === name);
const process_ = node?.start('bash', ['-c', command]);
process_?.stdout.pipe(process.stdout);
process_?.stderr.pipe(process.stderr);
const end = await process_?.exited;
await rig.stop();
process.exitCode = end?.code ?? 1;
