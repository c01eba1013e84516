// node session-flood.js <lease> <most>: opens sessions over RDMA with a home, each over a connection of its own and with a
// queue pair that is not there, until one is refused or so many are open. Says `full` with how many there are and what the
// next was refused with; at a line on stdin closes them all and says `closed`; and so on.
import { MalformedFrame } from '#sdk';
import { decodeAnswer, encode, nonceBytes } from '../../bridge/plane/rdma/rdma-messages.ts';
import { RawControl, targetOf } from './raw-control.ts';
import { RawCard } from './raw-rdma.ts';
import { argument, errorFacts, hear, say } from './voice.ts';

const { address } = targetOf(argument(0));
const most = Number(argument(1));
const { gid, lid } = new RawCard().context.attributes;
const endpoint = { number: 4711, packetSequence: 1, gid, lid, mtuBytes: 1024, readsMax: 1 };
const ask = encode({ op: 'connect', endpoint, test: { address: 4096n, rkey: nonceBytes } });

/** What the home refuses it with; undefined if the session is open. */
async function refusal(control: RawControl): Promise<object | undefined> {
  const answer = await control.ask({ type: 'plane', body: ask });
  if (answer?.type === 'refused') return { code: answer.code, message: answer.message };
  if (answer?.type !== 'plane-answer') return { code: 'none', message: `answered with ${answer?.type}` };
  if (decodeAnswer(answer.body).op !== 'connected') return errorFacts(new MalformedFrame('not connected'));
  return undefined;
}

for (;;) {
  const open: RawControl[] = [];
  let refused: object | undefined;
  while (refused === undefined && open.length < most) {
    const control = await RawControl.greet(address);
    open.push(control);
    refused = await refusal(control);
  }
  say('full', { sessions: open.length - (refused === undefined ? 0 : 1), refused });
  await hear();
  for (const control of open) control.close();
  say('closed');
  await hear();
}
