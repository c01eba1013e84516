// What a process of a transcript can be told to look at beneath the API: memory at home while others write it, and reads
// of memory that its home is writing.
import { coreOf } from '#sdk/fabric';
import type { Desk } from './desk.ts';
import { looks, shareOf } from './lease-orders.ts';

/** Where, behind the flag, the home says that it has followed it. */
const echoOffset = 8;

export interface Payload {
  readonly lease: string;
  /** From 0 on; the flag is the byte behind it. */
  readonly bytes: number;
}

export const windowOrders = {
  /** Begins to write payload and flag, `rounds` times, each time with another value, the next once the home has followed. */
  async publish(desk: Desk, { lease, bytes, rounds }: Payload & { readonly rounds: number }): Promise<null> {
    const mem = desk.leases.get(lease).mem();
    const publishAll = async () => {
      for (let round = 1; round <= rounds; round++) {
        const flag = Uint8Array.of(round);
        await Promise.all([mem.write(0, new Uint8Array(bytes).fill(round)), mem.write(bytes, flag)]);
        while ((await mem.read(bytes + echoOffset, 1))[0] !== round) await desk.life.turn();
      }
    };
    desk.begun.set(
      'publish',
      desk.outcome(`publish ${rounds} times`, publishAll(), () => 'done'),
    );
    return null;
  },

  /** At home: begins to look for each flag, and tells whether its payload was ever not whole when it was there. */
  async follow(desk: Desk, { lease, bytes, rounds }: Payload & { readonly rounds: number }): Promise<null> {
    const { arena } = coreOf(desk.leases.get(lease)).window;
    const followAll = async () => {
      let early = 0;
      let torn = false;
      for (let round = 1; round <= rounds; round++) {
        const look = () => {
          // The flag first: what is looked at later can only be newer.
          const flagged = arena[bytes] === round;
          const share = shareOf(arena.subarray(0, bytes), round);
          if (!flagged && share === 'part') torn = true;
          if (flagged && share !== 'whole') early += 1;
          return flagged;
        };
        while (!(await looks(desk, look)));
        arena[bytes + echoOffset] = round;
      }
      return `${early} flags before their payload, ${torn ? 'some payload torn before its flag' : 'no payload torn'}`;
    };
    desk.begun.set('follow', desk.outcome(`follow ${rounds} flags`, followAll(), String));
    return null;
  },

  /** At home: fills the payload with one value after another, each at once, until given up. */
  async rewrite(desk: Desk, { lease, bytes }: Payload): Promise<null> {
    const { arena } = coreOf(desk.leases.get(lease)).window;
    const abort = new AbortController();
    const rewriteOn = async () => {
      for (let round = 1; !abort.signal.aborted; round++) {
        arena.fill(round % 251, 0, bytes);
        await desk.life.turn();
      }
    };
    desk.aborts.set('rewrite', abort);
    desk.begun.set(
      'rewrite',
      desk.outcome('rewrite', rewriteOn(), () => 'done'),
    );
    return null;
  },

  /** Reads the payload so often, and tells whether any copy had bytes of two times. */
  async readThrough(desk: Desk, { lease, bytes, rounds }: Payload & { readonly rounds: number }): Promise<null> {
    const mem = desk.leases.get(lease).mem();
    const readAll = async () => {
      let mixed = false;
      for (let round = 0; round < rounds; round++) {
        const copy = await mem.read(0, bytes);
        if (shareOf(copy, copy[0] ?? 0) !== 'whole') mixed = true;
      }
      return mixed ? 'some were mixed' : 'each was whole';
    };
    await desk.outcome(`read ${rounds} times`, readAll(), String);
    return null;
  },
} as const;
