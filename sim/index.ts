// The deterministic simulator: a virtual clock, seeded randomness, and a plane and carriers inside one process. What
// runs here is bridge itself; only time, chance, memory and messages are ours.
export { FarCard } from './far-card.ts';
export { FarFabric } from './far-fabric.ts';
export { FarPlane } from './far-plane.ts';
export { type AttachmentLedger, MemoryAttachment } from './memory-attachment.ts';
export { MemoryCarrier } from './memory-carrier.ts';
export { MemoryNetwork, MemoryTransport } from './memory-network.ts';
export { type MemoryMachine, MemoryPlane } from './memory-plane.ts';
export { MemoryRecords } from './memory-registry.ts';
export { MemoryTcp } from './memory-tcp.ts';
export { Pool, type PoolOptions } from './pool.ts';
export type { PoolHost } from './pool-host.ts';
export { Process, type ProcessOptions } from './process.ts';
export { ProcessClock, type ProcessClockOptions } from './process-clock.ts';
export { SeededRandom } from './seeded-random.ts';
export { VirtualClock, type VirtualClockOptions } from './virtual-clock.ts';
export { World } from './world.ts';
