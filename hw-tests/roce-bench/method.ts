// How the figures came about, in words that go with every report.
import { PAYLOAD_BYTES_MAX } from '../bench/options.ts';
import type { Effort } from './effort.ts';
import { BULK_BYTES, MEMORY_BYTES, SIZE_BYTES_MAX, WORD_BYTES } from './sizes.ts';

export function describeMethod({ visitMs, latencyCalls }: Effort): readonly string[] {
  return [
    'Servers are on node a, clients, whose figures these are, on node b. All were measured in one boot, in rounds, one at a time, sizes and contenders interleaved, the order drawn anew each round. Figures are medians over the rounds, in brackets the least and the greatest round. Only ratios within one such run mean anything where the nodes are emulated.',
    `Every time is a whole round trip. ib_write_lat measures one way: its figures are doubled here. p50 is perftest's t_typical, p99 its 99 % percentile.`,
    `A visit takes as many calls as fit ${visitMs} ms, ${latencyCalls.min} to ${latencyCalls.max}, timed one by one. perftest's processes are fresh at each visit, the others live through all rounds.`,
    'leasewire-rpc awaits call(), leasewire-rpc-sync uses callSync(); both send bytes to an echoing server and compare what comes back. tcp-echo is node:net with TCP_NODELAY and no frame; grpc-js is a unary call with bytes as they are. The ratios of these are to twice ib_write_lat.',
    `leasewire-read, -write (mem(), ${MEMORY_BYTES} B) and -fetch-add (${WORD_BYTES} B) run no code at home; their ratios are to ib_read_lat of as many bytes. What they did is checked before and after the timed ones.`,
    `leasewire-bulk-write is writes of ${BULK_BYTES / 1024} KiB by mem().write, 4 under way; its p50 and p99 are of single ones. Its ratio, to ib_write_bw of the same size (with up to 128 under way), is of rates: less than 1 is slower.`,
    `The largest payload of the classic layout is ${PAYLOAD_BYTES_MAX} B: that is what calls carry where ${SIZE_BYTES_MAX} B are asked for, tcp-echo and grpc-js too.`,
  ];
}
