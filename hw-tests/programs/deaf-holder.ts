// node deaf-holder.js <lease> <requests>: a client that posts requests and has no receive for the responses: with one it says
// `deaf`, posts the requests one after the other, in order but for what it lacks, and says `posted`.
import { setTimeout } from 'node:timers/promises';
import { frameOf } from '../../bridge/plane/rdma/rdma-frame.ts';
import {
  headerBytes,
  idHighAt,
  idLowAt,
  lengthAt,
  methodAt,
  sessionShift,
  status,
} from '../../bridge/rpc/classic-layout.ts';
import { methods } from '../../sdk/conformance/home-methods.ts';
import { targetOf } from './raw-control.ts';
import { RawCard, RawSession } from './raw-rdma.ts';
import { argument, hear, say } from './voice.ts';

/** The server has seen a request by then, and the next does not overwrite it. */
const paceMs = 15;
const target = targetOf(argument(0));
const requests = Number(argument(1));
const session = await RawSession.open(new RawCard(), target, { sendsMax: requests + 16, receivesMax: 1 });
const { binding, slots, home } = await session.attach(target, 1);
const { address, rkey } = session.region;
await session.askPlane({ op: 'mirror', binding, region: { address, rkey } });
const view = new DataView(session.bytes.buffer);
view.setUint32(idHighAt, ((slots?.session ?? 0) << sessionShift) >>> 0, true);
view.setUint32(methodAt, methods.echo, true);
view.setUint32(lengthAt, 0, true);

say('deaf');
for (let request = 1; request <= requests; request++) {
  view.setUint32(idLowAt, request, true);
  const frame = frameOf(binding, status.requestReady);
  session.pair.writeWithImmediate(session.region, 0, headerBytes, home, 0, frame, 0);
  await setTimeout(paceMs);
}
say('posted', { outstanding: session.pair.outstanding });
await hear();
