// Where service records are kept. On one machine that is a directory; a cluster's registry takes its place.
import type { ServiceRecord } from './service-record.ts';

export interface Registry {
  publish(record: ServiceRecord): void;
  /** Takes a record back. One that is not there is as good. */
  withdraw(record: ServiceRecord): void;
  /** The records of a service, in no order. What is no record is passed over. */
  list(service: string): readonly ServiceRecord[];
  /** Calls back when the records of a service may have changed. Does not keep the process alive. */
  watch(service: string, onChange: () => void): { close(): void };
}
