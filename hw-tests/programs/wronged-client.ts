// node wronged-client.js <rounds>: attaches to each lease that it is told of, as a JSON object of ids by name on stdin, and
// calls its server, both ways in each round. Says `tried` with what came of it: names of errors, or `nothing`.
import { MemBuilder, type MemLease, RpcClient } from '#sdk';
import { resourcesOf } from '../local/resources.ts';
import { argument, hear, say } from './voice.ts';

/** Time enough for a response; those that never come cost so much. */
const deadlineMs = 150;
const rounds = Number(argument(0));

async function outcomeOf(attempt: () => unknown): Promise<string> {
  try {
    await attempt();
    return 'nothing';
  } catch (error) {
    return error instanceof Error ? error.name : typeof error;
  }
}

async function callBothWays(lease: MemLease): Promise<string[]> {
  let made: RpcClient | undefined;
  const client = () => {
    made ??= new RpcClient(lease);
    return made;
  };
  const request = Uint8Array.of(1, 2, 3);
  const outcomes: string[] = [];
  for (let round = 0; round < rounds; round++) {
    outcomes.push(await outcomeOf(() => client().call(1, request, { deadlineMs })));
    outcomes.push(await outcomeOf(() => client().callSync(1, request, { deadlineMs })));
  }
  return outcomes;
}

async function tryLease(name: string, id: string): Promise<void> {
  let lease: MemLease | undefined;
  const outcome = await outcomeOf(async () => {
    lease = await MemBuilder.attach(id);
  });
  const outcomes = lease === undefined ? [outcome] : await callBothWays(lease);
  say('tried', { name, outcomes });
  void lease?.release(); // The home does not answer this, so it would take its time.
}

// One after the other: all leases of a home hang on one connection, and some bring it down.
for (const [name, id] of Object.entries(JSON.parse(await hear()) as Record<string, string>)) await tryLease(name, id);
say('done', resourcesOf('self'));
await hear();
