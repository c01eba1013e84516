// How the figures came about, in words that go with every report.
import { type Effort, FAST_CALL_NS_MAX, FAST_VISITS, IDLE_BYTES, IDLE_WAIT_MS } from './effort.ts';
import { BATCH_CALLS } from './meter.ts';
import { PAYLOAD_BYTES_MAX } from './options.ts';

export function describeMethod({ fast, slow }: Effort): readonly string[] {
  return [
    "Every figure is a whole round trip (never halved): bytes out of the client, into another process, and back as the caller's own.",
    `Each contender has a server process and a client process of its own. They are measured in turns, one at a time, sizes and contenders interleaved in every round, the order drawn anew each time: fast ones (under ${FAST_CALL_NS_MAX / 1000} µs) are visited ${FAST_VISITS} times a round from the second on, others once. Figures are medians over visits, in brackets the least and the greatest visit.`,
    'Ratios are of these medians, and of the best visits: where a virtual machine moves its cores between physical ones, spinning contenders have fast and slow visits, and a median may fall on either.',
    `p50 of fast calls: ${fast.batches} batches a visit of ${BATCH_CALLS} back-to-back calls, batch time / ${BATCH_CALLS}, because a clock read would be a good part of a single call. So it is the median of means of ${BATCH_CALLS}.`,
    `p99 and p99.9, and p50 of other calls (marked *): calls timed one by one, one clock read between any two, which is not subtracted (${fast.singles} calls a visit, ${slow.singles} of the slow).`,
    `Calls/s: ${fast.untimed} sequential calls a visit (${slow.untimed} of the slow) with no clock read between them.`,
    'The clock is clock_gettime(CLOCK_MONOTONIC) in C and performance.now() in Node, both into arrays touched beforehand. Echoed bytes are compared before and after the timed calls, their length at every call.',
    'floor-c is two C processes pinned to two cores, spinning, on the classic layout, with the copies an RPC needs: in, across, out. No Node process is pinned.',
    `-idle rows: the first call after ${IDLE_WAIT_MS / 1000} s without one, ${IDLE_BYTES} B, each client waking by its own timer; all rounds together, so with fewer than 100 samples p99 is the slowest. In floor-c-idle the server sleeps in read() and one write() wakes it; the client spins. Their calls/s is one over the mean.`,
    `The largest payload of the classic layout is ${PAYLOAD_BYTES_MAX} B (32 KiB less a 17 B header): that is the "32 KiB" row, for every contender.`,
    'leasewire-typed is await through a typed service without schemas: the bytes go in msgpack.',
    'unix-socket sends bare bytes with no frame; zeromq is Request/Reply over ipc://; grpc-js is a unary call with bytes as they are.',
  ];
}
