// What a node tells another one of a service: the records of its run-time directory that can be reached over the network
// and whose agents live, as many as one control message holds.
import { servicesBytesMax, servicesMax } from '../limits.ts';
import type { ServiceRecord } from './service-record.ts';

/** Paths stay here: where the other one is, they lead nowhere. */
export function toldServices(
  records: readonly ServiceRecord[],
  isAlive: (record: ServiceRecord) => boolean,
): ServiceRecord[] {
  const told: ServiceRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    const { network } = record;
    if (network === undefined || !isAlive(record)) continue;
    const outward = { ...record, address: network };
    bytes += encodedBytesMax(outward);
    if (told.length === servicesMax || bytes > servicesBytesMax) break;
    told.push(outward);
  }
  return told;
}

/** JSON is never shorter than msgpack. */
function encodedBytesMax(record: ServiceRecord): number {
  return Buffer.byteLength(JSON.stringify(record));
}
