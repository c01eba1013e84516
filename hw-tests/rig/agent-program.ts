// The agent, compiled with this machine's compiler into the cache, once for each version of its source.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sourceFile } from '../bench/project.ts';
import { ensureCached } from './cache.ts';
import { runTool } from './tool.ts';

export const COMPILER_FLAGS: readonly string[] = [
  '-std=c++20',
  '-O1',
  '-fno-exceptions',
  '-fno-rtti',
  '-Wall',
  '-Wextra',
  '-Wshadow',
  '-Wconversion',
];

export function agentSource(): string {
  return sourceFile('hw-tests/rig/guest/agent.cc');
}

/** A folder of the cache, another one for each version of the source. */
export function agentName(): string {
  return `agent-${createHash('sha256').update(readFileSync(agentSource())).digest('hex').slice(0, 16)}`;
}

/** Path of the program. */
export async function ensureAgent(): Promise<string> {
  const compiler = process.env['CXX'] ?? 'g++';
  const folder = await ensureCached(agentName(), async (place) => {
    await runTool(compiler, [...COMPILER_FLAGS, '-Werror', '-o', join(place, 'agent'), agentSource()]);
  });
  return join(folder, 'agent');
}
