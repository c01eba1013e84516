// How the figures came about, in words that go with every report.
import {
  ACTIVE_CLIENTS,
  ACTIVE_IN_FLIGHT,
  CLIENT_PROCESSES,
  type Effort,
  GREEDY_IN_FLIGHT,
  MODEST_INTERVAL_MS,
  PAYLOAD_BYTES,
  QUEUE_MESSAGES,
} from './effort.ts';
import type { RowName } from './names.ts';

export function describeMethod(rows: readonly RowName[], effort: Effort): readonly string[] {
  return [
    'Contenders have processes of their own and are measured in turns, one at a time, cells and contenders interleaved in every round, the order of contenders drawn anew each time. Figures are medians over visits, in brackets the least and the greatest visit. No Node process is pinned.',
    ...rows.flatMap((row) => sentences[row](effort)),
  ];
}

const sentences: Readonly<Record<RowName, (effort: Effort) => readonly string[]>> = {
  calls: ({ window: { rampMs, windowMs, windowMsMax } }) => [
    `calls: one server process echoes ${PAYLOAD_BYTES} B; the clients, each with a connection or attachment of its own, are spread over up to ${CLIENT_PROCESSES} processes, and each keeps its calls in flight, having asked for no more at its attachment: the next goes when one has come back. Every process counts what came back in ${windowMs} ms that begin ${rampMs} ms after it has begun, and goes on for ${rampMs} ms, since others may yet be counting. Their rates are added up.`,
    `calls: a window stays open until as many calls have come back as are in flight, but for no longer than ${windowMsMax} ms; the rate is what was counted by then (marked ~, and not divided, if fewer had come back, or if the load ended before its window).`,
    `calls: every client's first echo of a visit is compared byte by byte, of the others the length.`,
    `calls: "${ACTIVE_CLIENTS} active" are ${ACTIVE_CLIENTS} that call with ${ACTIVE_IN_FLIGHT} in flight while the others are attached and idle.`,
  ],
  memory: ({ memoryRoundsMax }) => [
    `memory: bytes for each attached client that has made one call and is idle: what grows from none attached to all, divided by their number, garbage collected before both; fresh processes each time (at most ${memoryRoundsMax} rounds), shared memory the first time that all are attached, the rest the second time, when heaps are as large as they stay. server and client: anonymous memory of that side's processes. shared: shared memory that any of them has touched, each page once. Buffers in the kernel, which sockets have, are not in it.`,
  ],
  beside: ({ modestMs }) => [
    `beside: a client with one call in flight, due every ${MODEST_INTERVAL_MS} ms (calls that come due while one is under way are left out) for ${modestMs} ms, each timed from when it is made; alone, then while another process's client keeps ${GREEDY_IN_FLIGHT} in flight.`,
  ],
  queue: ({ window: { rampMs, windowMs } }) => [
    `queue: one producer process and one consumer process, room for ${QUEUE_MESSAGES} messages, counted at the consumer for ${windowMs} ms after ${rampMs} ms. Every message's number, length and last byte are checked, and that as many came as were sent. leasewire-in-place: a message is copied into the place where it is read; the consumer looks at it there, and at no more of it than that. leasewire-copied: in and out, in msgpack.`,
    `queue: memcpy-c copies messages of the same size into a ring of ${QUEUE_MESSAGES} places in one pinned C process; nobody takes them out. In ring-c a second one, pinned to another core, spins for each and copies it out: in, across, out.`,
  ],
  latency: ({ calls: { fast, slow } }) => [
    `latency: single awaited calls of ${PAYLOAD_BYTES} B, one at a time, measured as npm run bench does: p50 of fast calls from ${fast.batches} batches of 16, of others and p99 from calls timed one by one (${fast.singles} a visit, ${slow.singles} of the slow).`,
  ],
};
