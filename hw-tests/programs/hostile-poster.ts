// node hostile-poster.js <lease>: attaches to a lease, learns its key, and then posts WRITEs of it without end, whatever it
// is told of the lease: over the queue pair that it had, and whenever that breaks, over a new session with the home. Says
// `writing` once a first round was acknowledged, and at the next line on stdin `stopped`: with how many WRITEs the home's
// card took over the first session and over all later ones, how many of those there were, and what they failed with.
import type { RemoteRegion } from '#native';
import { targetOf } from './raw-control.ts';
import { RawCard, RawSession } from './raw-rdma.ts';
import { argument, hear, say } from './voice.ts';

const writeBytes = 2048;
const retryMs = 20;
const target = targetOf(argument(0));
const card = new RawCard();
const refusals: string[] = [];
const failures: (number | undefined)[] = [];
let stopped = false;
let posted = 0;

/** As many WRITEs as there is room for, each with other bytes than those before. */
function post({ pair, region, bytes }: RawSession, home: RemoteRegion): void {
  for (let room = pair.sendRoom; room > 0; room--) {
    posted += 1;
    bytes.fill(1 + (posted % 251), 0, writeBytes);
    pair.write(region, 0, writeBytes, home, (posted * writeBytes) % (home.bytes - writeBytes + 1), 1);
  }
}

/** Posts until the queue pair breaks, or the time is up. */
async function postOn(session: RawSession, home: RemoteRegion): Promise<void> {
  while (session.failure === undefined && !stopped) {
    try {
      post(session, home);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
    }
    session.poll();
    await new Promise(setImmediate);
  }
  failures.push(session.failure);
}

/** A new session, with nothing but the old key. */
async function again(home: RemoteRegion): Promise<number> {
  try {
    const session = await RawSession.open(card, target);
    const before = session.done;
    await postOn(session, home);
    session.close();
    return session.done - before;
  } catch (error) {
    refusals.push(String(error));
    await new Promise((resolve) => setTimeout(resolve, retryMs));
    return 0;
  }
}

const first = await RawSession.open(card, target);
const { home } = await first.attach(target, 0);
post(first, home);
await first.settled();
if (first.failure !== undefined) throw new Error(`the first WRITEs failed: ${first.failure}`);
say('writing');
void hear().then(() => {
  stopped = true;
});
await postOn(first, home);
let acknowledgedLater = 0;
let sessions = 0;
for (; !stopped; sessions++) acknowledgedLater += await again(home);
say('stopped', { posted, acknowledged: first.done, acknowledgedLater, sessions, failures, refusals });
process.exit(0);
