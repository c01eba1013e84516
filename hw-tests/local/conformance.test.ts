// The conformance suite on the local plane: homes are processes of this machine.
import { spawn } from 'node:child_process';
import { describeConformance, type HomeProcess } from '../../sdk/conformance/index.ts';
import { compiled, privateRuntimeDirectory } from './place.ts';

privateRuntimeDirectory();

async function spawnHome(): Promise<HomeProcess> {
  const program = compiled('sdk/conformance/home-program');
  return spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
}

describeConformance({ plane: 'local', spawnHome });
