// node exact-server.js <seed>: serves the calls of the exactness test. Says `serving` with its lease, and, when the last
// call (of method 0) has come, `served` with the checksums of what it received and sent.
import { MemBuilder, RpcServer } from '#sdk';
import { ExactStream } from './exact-stream.ts';
import { argument, hear, say } from './voice.ts';

const seed = Number(argument(0));
const requests = new ExactStream(seed);
const responses = new ExactStream(seed + 1);
const lease = await new MemBuilder().acquire();
const server = new RpcServer(lease);

function handle(methodId: number, payload: Uint8Array): Uint8Array {
  if (methodId === 0) {
    say('served', { count: requests.count, received: requests.checksum, sent: responses.checksum });
    return payload;
  }
  requests.expect(payload);
  if (methodId !== requests.count) throw new Error(`call ${requests.count} came as ${methodId}`);
  const response = responses.next();
  responses.note(response);
  return response;
}

say('serving', { url: lease.url });
void server.serve({ handle }).catch((error: unknown) => say('failed', { message: String(error) }));
await hear();
