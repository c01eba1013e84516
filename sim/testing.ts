// leasewire/testing: the public API in memory, for tests of what is built on it. No native code is loaded. What is
// exported here under the names of `leasewire` is the same; it is used in the process that runs (MemoryProcess.run), or
// else in one that all other code has together.
export * from '#sdk/api';
export { type LeaseOrId, MemoryFabric, type MemoryFabricOptions } from './memory-fabric.ts';
export type { MemoryProcess } from './memory-process.ts';
