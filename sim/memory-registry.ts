// Service records in memory, shared by the processes of one simulation.
import { type Clock, checkServiceName, type Registry, type ServiceRecord } from '#bridge';

interface Watcher {
  readonly service: string;
  readonly clock: Clock;
  readonly onChange: () => void;
}

/** The records, and who wants to hear of changes. */
export class MemoryRecords {
  readonly #records = new Map<string, ServiceRecord>();
  readonly #watchers = new Set<Watcher>();

  /** The registry as a process sees it: its watchers are told by its clock. */
  registry(clock: Clock): Registry {
    return {
      publish: (record) => this.#change(record, () => this.#records.set(keyOf(record), record)),
      withdraw: (record) => this.#change(record, () => this.#records.delete(keyOf(record))),
      list: (service) => this.#list(service),
      watch: (service, onChange) => this.#watch({ service, clock, onChange }),
    };
  }

  #list(service: string): ServiceRecord[] {
    checkServiceName(service);
    return [...this.#records.values()].filter((record) => record.service === service);
  }

  #change(record: ServiceRecord, change: () => unknown): void {
    change();
    for (const watcher of this.#watchers) {
      if (watcher.service === record.service) watcher.clock.after(0, () => this.#tell(watcher));
    }
  }

  #tell(watcher: Watcher): void {
    if (this.#watchers.has(watcher)) watcher.onChange();
  }

  #watch(watcher: Watcher): { close(): void } {
    this.#watchers.add(watcher);
    return { close: () => this.#watchers.delete(watcher) };
  }
}

function keyOf(record: ServiceRecord): string {
  return `${record.service}/${record.instance}`;
}
