// node counting-server.js: serves a lease, and counts how often each numbered call was executed. Says `serving` with the
// lease, and at each line on stdin `tally`: how many numbers were executed once, and which more often.
import { MemBuilder, RpcServer } from '#sdk';
import { hear, say } from './voice.ts';

const executions = new Map<number, number>();
const lease = await new MemBuilder().minBytes(131_072).leaseSecs(300).acquire();
const server = new RpcServer(lease);

function handle(_methodId: number, payload: Uint8Array): Uint8Array {
  const number = new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
  executions.set(number, (executions.get(number) ?? 0) + 1);
  return payload.slice().reverse();
}

await lease.mem().write(65_536, new Uint8Array(1024).fill(0x5a));
void server.serve({ handle }).catch((error: unknown) => say('failed', { message: String(error) }));
say('serving', { url: lease.url });
for (;;) {
  await hear();
  const repeated = [...executions].filter(([, times]) => times > 1).map(([number]) => number);
  say('tally', { executed: [...executions.keys()], repeated });
}
