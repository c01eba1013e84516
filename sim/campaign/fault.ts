// What can go wrong in a run, and when. A plan is a plain list, so that any part of it can be left out and the rest tried
// again.

/** What `strength` stands for. */
export const faultKinds = {
  'slow network': 'messages between processes take up to so many milliseconds',
  'slow fabric': 'messages between cards take up to so many milliseconds',
  'lossy fabric': 'share of card messages that are lost, and their session with them',
  'torn writes': 'share of WRITEs whose bytes become visible in two parts, and of READs that are done in two',
  'late notices': 'a process hears of what its card did up to so many milliseconds later',
  'no way': 'share of connections between machines that are not made',
  'broken connections': 'connections of a process to other machines fail, at both ends',
  'lost connections': 'connections of a process to other machines fail, and the peers do not notice for 20 s',
  'broken card': 'all far sessions of a process fail at its end',
  freeze: 'a process is stopped for that time',
  'blocked thread': 'a process does something else for that time',
  crash: 'a process is killed, and started anew with nothing after that time',
  'slow wakes': 'doorbells take up to so many milliseconds',
  preemption: 'threads lose their processor for up to so many milliseconds in the middle of the protocol',
  'drifting clock': 'a process’s clock runs so many millionths fast or slow, from its next start',
  'short leases': 'leases last so many milliseconds',
  revokes: 'a home takes a lease back, or gives it up',
  'scarce memory': 'share of the machine’s memory that somebody else has',
  'slow handlers': 'handlers take up to so many milliseconds',
  'split chunks': 'share of the bytes between machines that arrive cut anywhere, and joined to others',
  'narrow windows': 'share of the room for bytes on their way between machines that is taken: back-pressure',
  'unanswered connects': 'share of connections between machines that are asked for in vain, until time is up',
  'cut connections': 'share of connections between machines that are reset as soon as they are made',
  evictions: 'share of steps in a pool at which a line leaves some host’s cache',
  'late flushes': 'share of lines that are written back by the next fence only',
  'broken writes':
    'share of card messages that come in two parts, and of those the share that break off behind the first, with their session',
  'lost last words':
    'share, at most, of what is under way from an end that closes, or whose process dies, that never comes',
} as const;

export type FaultKind = keyof typeof faultKinds;

/** How tables name a kind, by its place: a to z, then A to Z. */
export function letterOf(index: number): string {
  return String.fromCharCode(index < 26 ? 97 + index : 65 + index - 26);
}

export interface Fault {
  readonly kind: FaultKind;
  readonly atMs: number;
  readonly forMs: number;
  /** Which process, where it is one: modulo their number. */
  readonly target: number;
  readonly strength: number;
}

export function describeFault({ kind, atMs, forMs, target, strength }: Fault): string {
  return `${kind} at ${atMs.toFixed(1)} ms for ${forMs.toFixed(1)} ms, process ${target}, strength ${strength.toFixed(4)}`;
}
