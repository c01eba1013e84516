// All transcripts.
import { callScripts } from './call-scripts.ts';
import { endingScripts } from './ending-scripts.ts';
import { faultScripts } from './fault-scripts.ts';
import { memoryScripts } from './memory-scripts.ts';
import type { Script } from './script.ts';

export const scripts: readonly Script[] = [...memoryScripts, ...callScripts, ...endingScripts, ...faultScripts];
