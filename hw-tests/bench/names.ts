// The contenders' names, in the order in which reports list them.

export const contenderNames = [
  'floor-c',
  'leasewire-sync',
  'leasewire-await',
  'leasewire-typed',
  'unix-socket',
  'zeromq',
  'grpc-js',
] as const;

export type ContenderName = (typeof contenderNames)[number];

/** The contenders whose client and server are Node processes. */
export type NodeContenderName = Exclude<ContenderName, 'floor-c'>;

export function isContenderName(text: string): text is ContenderName {
  return contenderNames.some((name) => name === text);
}

export function isNodeContenderName(text: string): text is NodeContenderName {
  return isContenderName(text) && text !== 'floor-c';
}
