// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are pieces of code, in which such stand.
// Checks of what peers say and write, left out: only hostile ones make a difference. Looked for in runs of these alone.
import { dropped, type Plant } from './plant.ts';

const workloads = ['hostile'] as const;

export const hostilePlants: readonly Plant[] = [
  {
    name: 'classic request of any length',
    file: 'bridge/rpc/classic-server-path',
    breaks: 'the length of a request is not compared with its region',
    replacements: [
      dropped('if (bytes > payloadBytesMax) return `payload of ${bytes} bytes, at most ${payloadBytesMax} allowed`;'),
    ],
    seedsMax: 20,
    workloads,
  },
  {
    name: 'classic request told of twice',
    file: 'bridge/rpc/classic-server-path',
    breaks: 'a request id that was used before is run again',
    replacements: [{ from: 'return this.#ids.fault(idLow, idHigh);', to: 'return undefined;' }],
    seedsMax: 20,
    workloads,
  },
  {
    name: 'request told of twice',
    file: 'bridge/rpc/slots-server-path',
    breaks: 'a request id that was used before, or is another session’s, is run',
    replacements: [
      {
        from: 'const fault = seat.ids.fault(idLow, idHigh) ?? this.#faultOf(bytes);',
        to: 'const fault = this.#faultOf(bytes);',
      },
    ],
    seedsMax: 20,
    workloads,
  },
  {
    name: 'lease of others',
    file: 'bridge/agent/holder-session',
    breaks: 'who has not attached to a lease may renew it and give it back',
    replacements: [
      dropped(
        'if (!this.#attached.has(lease)) throw new MalformedFrame(`lease ${lease.id} is not attached over this connection`);',
      ),
    ],
    seedsMax: 20,
    workloads,
  },
  {
    name: 'generation not compared',
    file: 'bridge/agent/holder-session',
    breaks: 'a control message of another generation counts',
    replacements: [{ from: 'if (generation === lease.generation) return;', to: 'if (generation >= 0) return;' }],
    seedsMax: 20,
    workloads,
  },
  {
    name: 'messages of any shape',
    file: 'bridge/control/codec',
    breaks: 'what a control message holds is not checked',
    replacements: [{ from: 'if (result.success) return result.output;', to: 'if (message) return message;' }],
    seedsMax: 20,
    workloads,
  },
  {
    name: 'records of other services',
    file: 'bridge/dns/peers',
    breaks: 'whatever a peer tells of is found, asked for or not',
    replacements: [{ from: 'return records.filter((record) => record.service === service);', to: 'return records;' }],
    seedsMax: 20,
    workloads,
  },
  {
    name: 'pieces taken for frames',
    file: 'bridge/control/frame-reader',
    breaks: 'a message between machines that comes in pieces is cut',
    replacements: [dropped('if (this.#filled < this.#target.length) return;')],
    seedsMax: 20,
    workloads,
  },
];
