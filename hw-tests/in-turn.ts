/** Tests of real processes and of nodes, by their paths: they take turns with each other (take-turns.ts). */
export const inTurn: RegExp =
  /hw-tests\/(local\/(?!many-verdict)|rdma\/|rig\/(?!one-node|words)|(|throughput-)bench\/bench\.test)/;
