// A home as a process of its own, by its standard input and output.
//
//     node home-program.js
import { FabricDns, MemBuilder } from '../index.ts';
import { hostHome } from './home-host.ts';

const { stdin, stdout } = process;
await hostHome({ stdin, stdout, classes: { MemBuilder, FabricDns }, exit: () => process.exit(0) });
