// Bugs that the simulator has to find: changes to the real code of bridge, applied as it is loaded (hooks.ts), so that the
// code itself knows nothing of them. Each text stands exactly once in its file, as source and as built; a test sees to that.

import { cxlPlants } from './cxl-plants.ts';
import { hostilePlants } from './hostile-plants.ts';
import { dropped, type Plant } from './plant.ts';
import { queuePlants } from './queue-plants.ts';
import { servicePlants } from './service-plants.ts';
import { slotsPlants } from './slots-plants.ts';
import { streamPlants } from './stream-plants.ts';

export const plants: readonly Plant[] = [
  {
    name: 'status before payload',
    file: 'bridge/rpc/classic-client-path',
    breaks: 'a request is published before its payload is there',
    replacements: [
      dropped('this.#arena.set(payload, requestOffset + payloadAt);'),
      {
        from: 'this.#copier.prepare();',
        to: 'this.#copier.prepare(); this.#arena.set(payload, requestOffset + payloadAt);',
      },
    ],
    seedsMax: 20,
  },
  {
    name: 'late response accepted',
    file: 'bridge/rpc/classic-client-path',
    breaks: 'the slot of a call that was given up is given away, and its late response taken for that of the next call',
    replacements: [
      dropped('if (!ours) return undefined;'),
      { file: 'bridge/rpc/call-lane', from: 'call.abandoned = true;', to: 'this.free(slot);' },
    ],
    seedsMax: 100,
  },
  {
    name: 'session not renewed',
    file: 'bridge/rpc/classic-client-path',
    breaks: 'after a reconnection, request ids are those of the session that was lost',
    replacements: [dropped('this.#ids.restart(slots.session);')],
    seedsMax: 200,
  },
  {
    name: 'processing mark omitted',
    file: 'bridge/rpc/classic-server-path',
    breaks: 'a request is taken again, and one that may have run is believed not to have',
    replacements: [dropped('this.#arena[requestStatusAt] = status.processing;')],
    workloads: ['rpc'],
    seedsMax: 20,
  },
  {
    name: 'slot not wiped',
    file: 'bridge/rpc/classic-server-path',
    breaks: 'a client finds the bytes of the one before',
    replacements: [dropped('this.#arena.fill(0, 0, arenaBytesMin);')],
    seedsMax: 50,
  },
  {
    name: 'server sleeps without a last look',
    file: 'bridge/rpc/serve-loop',
    breaks: 'a request that came as the server fell asleep wakes nobody',
    replacements: [dropped('if (this.#server.ready) this.#yield();')],
    seedsMax: 200,
  },
  {
    name: 'client sleeps without a last look',
    file: 'bridge/rpc/answer-watch',
    breaks: 'a response that came as the client fell asleep wakes nobody',
    replacements: [{ from: 'if (this.#port.look(1) || (wanted', to: 'if ((wanted' }],
    seedsMax: 400,
  },
  {
    name: 'retry of what may have run',
    file: 'bridge/rpc/call-slots',
    breaks: 'a call that an interruption broke off is made again, idempotent or not',
    replacements: [{ from: 'if (!call.idempotent) call.reject(error);', to: 'if (false) {}' }],
    seedsMax: 200,
  },
  {
    name: 'interrupted call disowned',
    file: 'bridge/rpc/call-lane',
    breaks: 'a call that an interruption broke off is said not to have run',
    replacements: [
      {
        from: 'this.brokenOff = this.#lease.interruptedError(true);',
        to: 'this.brokenOff = this.#lease.interruptedError(false);',
      },
    ],
    seedsMax: 200,
  },
  {
    name: 'ended call disowned',
    file: 'bridge/rpc/call-lane',
    breaks: 'a call whose lease this side ended is said not to have run if it was not taken yet',
    replacements: [
      {
        from: 'call.reject(this.#lease.endedError(!endedThere || this.#path.taken(slot)));',
        to: 'call.reject(this.#lease.endedError(this.#path.taken(slot)));',
      },
    ],
    workloads: ['rpc'],
    seedsMax: 400,
  },
  {
    name: 'state word not compared',
    file: 'bridge/lease/lease',
    breaks: 'a holder goes on until it is told, although the control page says that the lease has ended',
    replacements: [
      {
        from: "if (this.#status === 'active' && this.#words[stateWord] === this.#activeState)",
        to: "if (this.#status === 'active')",
      },
    ],
    workloads: ['memory'],
    seedsMax: 400,
  },
  {
    name: 'window closed before listeners',
    file: 'bridge/lease/lease',
    breaks: 'whoever listens for the end finds the lease torn down already',
    replacements: [
      dropped('for (const listener of [...this.#endListeners]) tell(listener, status);'),
      {
        from: 'this.teardown(status);',
        to: 'const listeners = [...this.#endListeners]; this.teardown(status); for (const each of listeners) tell(each, status);',
      },
    ],
    seedsMax: 100,
  },
  {
    name: 'state not written at the end',
    file: 'bridge/lease/home-lease',
    breaks: 'a home ends a lease, and its control page does not say so',
    replacements: [dropped('this.window.control.setState(status, this.generation + 1);')],
    workloads: ['memory'],
    seedsMax: 400,
  },
  {
    name: 'slot not freed',
    file: 'bridge/agent/holder-session',
    breaks: 'a client that has gone keeps its slot',
    replacements: [dropped('if (slots !== undefined) lease.freeSlots(slots);')],
    seedsMax: 50,
  },
  {
    name: 'deadline from the answer',
    file: 'bridge/lease/held-lease',
    breaks: 'a holder counts its time from when the answer came, not from before it asked',
    replacements: [
      {
        from: 'this.setDeadline(askedAtMs + remainingMs - holderMarginMs(remainingMs), leaseMs);',
        to: 'this.setDeadline(this.context.environment.clock.nowMs() + remainingMs - holderMarginMs(remainingMs), leaseMs);',
      },
    ],
    seedsMax: 100,
  },
  {
    name: 'no margin for clocks',
    file: 'bridge/lease/renewal',
    breaks: 'a holder trusts its clock to run as fast as its home’s',
    replacements: [{ from: 'return 1 + remainingMs / 1000;', to: 'return 0;' }],
    seedsMax: 400,
  },
  {
    name: 'connection used after it closed',
    file: 'bridge/agent/agent',
    breaks: 'whoever asks as a connection is given up takes its home for dead, and its services for gone',
    replacements: [{ from: 'if (!home.closed) return work(home);', to: 'return work(home);' }],
    seedsMax: 200,
  },
  {
    name: 'writes begun again',
    file: 'bridge/lease/memory',
    breaks: 'a write or an atomic that an interruption broke off is done again',
    replacements: [dropped("if (repeat === 'once') throw this.#lease.interruptedError(true);")],
    workloads: ['memory'],
    seedsMax: 400,
  },
  {
    name: 'last byte believed',
    file: 'bridge/lease/memory',
    breaks: 'a write that an interruption broke off is taken for done where its last byte is there',
    replacements: [
      {
        from: "return this.#run((access) => access.write(offset, bytes), 'once');",
        to: "return this.#run((access) => access.write(offset, bytes), 'once').catch(async (error) => { const end = bytes.length - 1; if (this.#lease.status !== 'active' || (await this.read(offset + end, 1))[0] !== bytes[end]) throw error; });",
      },
    ],
    workloads: ['memory'],
    seedsMax: 400,
  },
  {
    name: 'dead instances found',
    file: 'bridge/dns/fabric-dns',
    breaks: 'a record is believed although nobody answers for it',
    replacements: [
      {
        from: "if (!isGone(error)) return 'quiet';",
        to: "return { instance: { ...record, layout: 'classic', freeSlots: 1, remainingMs: 1 }, address, peer: undefined };",
      },
    ],
    seedsMax: 50,
  },
  {
    name: 'deaths not told',
    file: 'bridge/dns/service-watch',
    breaks: 'whoever watches a service is not told of a death',
    replacements: [dropped("events.push({ type: 'down', instance });")],
    seedsMax: 100,
  },
  ...slotsPlants,
  ...queuePlants,
  ...streamPlants,
  ...hostilePlants,
  ...servicePlants,
  ...cxlPlants,
];

/** Throws RangeError for a name that none has. */
export function plantNamed(name: string): Plant {
  const plant = plants.find((each) => each.name === name);
  if (plant !== undefined) return plant;
  throw new RangeError(
    `no bug is named ${JSON.stringify(name)}; these are: ${plants.map((each) => each.name).join(', ')}`,
  );
}
