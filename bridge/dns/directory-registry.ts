// Service records as files in the private run-time directory: services/<service>/<instance>.
import { existsSync, type FSWatcher, readdirSync, readFileSync, renameSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkPrivate, makePrivate, type RuntimeDirectory, removeIfThere } from '../agent/runtime-directory.ts';
import { FabricError } from '../errors.ts';
import type { Registry } from './registry.ts';
import { checkServiceName, parseServiceRecord, type ServiceRecord } from './service-record.ts';

export class DirectoryRegistry implements Registry {
  readonly #directory: RuntimeDirectory;

  constructor(directory: RuntimeDirectory) {
    this.#directory = directory;
  }

  publish(record: ServiceRecord): void {
    const folder = this.#folder(record.service);
    // Whole or not at all: readers see no half-written record.
    const unfinished = join(folder, `.${record.instance}`);
    writeFileSync(unfinished, JSON.stringify(record), { mode: 0o600 });
    renameSync(unfinished, join(folder, record.instance));
  }

  withdraw(record: ServiceRecord): void {
    removeIfThere(join(this.#folder(record.service), record.instance));
  }

  list(service: string): readonly ServiceRecord[] {
    const folder = this.#path(service);
    // Asked for by whoever may ask: a service that nobody offers leaves no folder behind.
    if (!existsSync(folder)) return [];
    checkPrivate(folder);
    const entries = readdirSync(folder, { withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.'));
    return files.flatMap(({ name }) => readRecord(join(folder, name), service, name));
  }

  watch(service: string, onChange: () => void): FSWatcher {
    return watch(this.#folder(service), { persistent: false }, onChange);
  }

  #folder(service: string): string {
    const folder = this.#path(service);
    makePrivate(folder);
    return folder;
  }

  #path(service: string): string {
    checkServiceName(service);
    return join(this.#directory.servicesPath, service);
  }
}

/** The record in a file: none if the file went meanwhile, or does not hold the record that its place names. */
function readRecord(path: string, service: string, instance: string): ServiceRecord[] {
  try {
    const record = parseServiceRecord(readFileSync(path, 'utf8'));
    return record.service === service && record.instance === instance ? [record] : [];
  } catch (error) {
    if (error instanceof FabricError || (error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
