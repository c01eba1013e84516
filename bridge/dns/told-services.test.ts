import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeMessage, encodeMessage } from '../control/codec.ts';
import { anyServiceRecord } from '../control/message.test.support.ts';
import { servicesMax } from '../limits.ts';
import type { ServiceRecord } from './service-record.ts';
import { toldServices } from './told-services.ts';

const [sample] = fc.sample(anyServiceRecord, { numRuns: 1, seed: 1 });
const recordOf = (more: Partial<ServiceRecord>) => ({ ...sample, network: 'node-1:4433', ...more }) as ServiceRecord;
const always = () => true;

test('what can be reached over the network and lives is told, by its address there', () => {
  const near = recordOf({ instance: 'near' });
  const { network: _, ...unreachable } = near;
  const dead = recordOf({ instance: 'dead' });
  const told = toldServices([unreachable, near, dead], ({ instance }) => instance !== 'dead');
  expect(told).toEqual([{ ...near, address: 'node-1:4433' }]);
});

test('no more are told than one message may hold', () => {
  const small = recordOf({ node: 'n', instance: 'i', service: 's' });
  expect(toldServices(new Array(servicesMax + 1).fill(small), always)).toHaveLength(servicesMax);
});

test('whatever is told fits a message, which is well-formed', () => {
  const long = (length: number) => fc.constantFrom('x', '\0', '€', '\u0080').map((unit) => unit.repeat(length));
  const record = fc.oneof(
    anyServiceRecord,
    fc.record({ instance: long(64), node: long(255), service: fc.constant('s'.repeat(128)) }).map(recordOf),
  );
  fc.assert(
    fc.property(fc.array(record, { maxLength: 100 }), (records) => {
      const told = toldServices(records, always);
      const body = decodeMessage(encodeMessage({ type: 'services', seq: 2 ** 32 - 1, records: told }));
      expect(body).toMatchObject({ type: 'services', records: told });
    }),
    { numRuns: 50 },
  );
});
