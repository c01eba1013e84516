// Bugs of typed services. They are looked for where processes use one, and do nothing else.
import { dropped, type Plant } from './plant.ts';

const workloads = ['services'] as const;

export const servicePlants: readonly Plant[] = [
  {
    name: 'inputs of streams not checked',
    file: 'bridge/service/implement',
    breaks: 'a method gets what its schema refuses',
    replacements: [
      {
        from: "return validate(method.input, decodeInput(method, message), 'input', method.name);",
        to: 'return decodeInput(method, message);',
      },
    ],
    seedsMax: 40,
    workloads,
  },
  {
    name: 'kind of an error mistaken',
    file: 'bridge/rpc/error-payload',
    breaks: 'a refused input is told as the failure of a method',
    replacements: [{ from: "'invalid-input': 5,", to: "'invalid-input': 1," }],
    seedsMax: 40,
    workloads,
  },
  {
    name: 'code of an error lost',
    file: 'bridge/rpc/error-payload',
    breaks: 'each error has code 0',
    replacements: [dropped('bytes.writeInt32LE(error.code, 4);')],
    seedsMax: 40,
    workloads,
  },
  {
    name: 'long output written over',
    file: 'bridge/service/implement',
    breaks: 'an output that goes in parts lies where the next one is written',
    replacements: [
      {
        from: 'return isThenable(output) ? output.then(encode) : encode(output);',
        to: 'return isThenable(output) ? output.then(encodeBriefly) : encodeBriefly(output);',
      },
    ],
    seedsMax: 40,
    workloads,
  },
];
