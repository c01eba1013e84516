// node client.js <lease> <call|callSync> <wait mode>: a client in a process of its own. Calls `echo` once, then `never`,
// and says how that ended, and how the lease did.
import { MemBuilder, RpcClient, type WaitMode } from '#sdk';
import { methods } from '../../sdk/conformance/home-methods.ts';
import { argument, hear, say, sayOutcome } from './voice.ts';

const lease = await MemBuilder.attach(argument(0));
const client = new RpcClient(lease, { wait: argument(2) as WaitMode });
const mode = argument(1) as 'call' | 'callSync';
const payload = Uint8Array.of(1, 2, 3);
lease.onEnd((status) => say('ended', { status }));
await client[mode](methods.echo, payload);
say('attached');
await sayOutcome('outcome', () => client[mode](methods.never, payload));
await hear();
