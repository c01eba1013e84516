// The door of the rdma plane, which needs the native addon and, to be used, libibverbs and a card.
export { RdmaPlane } from './rdma-plane.ts';
