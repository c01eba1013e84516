import { describe, expect, test } from 'vitest';
import { latencyFigures, parseBandwidth, parseLatency } from './perftest-output.ts';

// Printed by perftest 4.5 over rxe, with most samples left out.
const head =
  ' #bytes #iterations    t_min[usec]    t_max[usec]  t_typical[usec]    t_avg[usec]    t_stdev[usec]   99% percentile[usec]   99.9% percentile[usec] ';
const latency = `---------------------------------------------------------------------------------------
                    RDMA_Write Latency Test
 Dual-port       : OFF\t\tDevice         : rxe0
 Mtu             : 4096[B]
---------------------------------------------------------------------------------------
 local address: LID 0000 QPN 0x0011 PSN 0x5e312c RKey 0x0002f2 VAddr 0x005612d1fa3000
 GID: 00:00:00:00:00:00:00:00:00:00:255:255:10:77:00:02
---------------------------------------------------------------------------------------
${head}
#, usec
1, 218.981
2, 224.51
3, 329.326
4, 2129.88
---------------------------------------------------------------------------------------
${head}
 64      60          218.98         2752.11      329.33   \t       513.12      \t483.22 \t\t2752.11 \t\t2752.11
---------------------------------------------------------------------------------------
`;
const bandwidth = ` Max inline data : 0[B]
---------------------------------------------------------------------------------------
 #bytes     #iterations    BW peak[MB/sec]    BW average[MB/sec]   MsgRate[Mpps]
 1048576    20               41.42              37.05  \t\t   0.000037
---------------------------------------------------------------------------------------
`;

describe('parseLatency', () => {
  test('reads the table and every sample', () => {
    expect(parseLatency(latency)).toEqual({
      bytes: 64,
      iterations: 60,
      typicalNs: 329_330,
      p99Ns: 2_752_110,
      p999Ns: 2_752_110,
      averageNs: 513_120,
      samplesNs: [218_981, 224_510, 329_326, 2_129_880],
    });
  });

  test.each([
    ['words', 'Unable to open file descriptor for socket connection'],
    ['no row', latency.split(' 64  ')[0] ?? ''],
    ['half a row', latency.replace(/483\.22.*/, '')],
    ['no numbers', latency.replace('513.12', 'nan')],
    ['the other table', bandwidth],
  ])('refuses %s, and shows it', (_what, output) => {
    expect(() => parseLatency(output)).toThrow(/perftest printed no table of #bytes #iterations t_min/);
    expect(() => parseLatency(output)).toThrow(output.trim());
  });
});

describe('latencyFigures', () => {
  test('of a program that measures one way are doubled, all of them', () => {
    const once = latencyFigures(parseLatency(latency), 1);
    const twice = latencyFigures(parseLatency(latency), 2);
    expect(once).toMatchObject({ p50Ns: 329_330, p99Ns: 2_752_110, p999Ns: 2_752_110 });
    expect(twice).toMatchObject({ p50Ns: 658_660, p99Ns: 5_504_220, p999Ns: 5_504_220 });
    expect(twice.perSecond).toBeCloseTo(once.perSecond / 2);
    expect(twice.distribution).toEqual(once.distribution.map(([quantile, ns]) => [quantile, 2 * ns]));
    expect(once.distribution.at(0)).toEqual([0, 218_981]);
    expect(once.distribution.at(-1)).toEqual([0.75, 329_326]);
  });
});

describe('parseBandwidth', () => {
  test('a megabyte is 2^20 bytes', () => {
    expect(parseBandwidth(bandwidth)).toEqual({
      bytes: 1_048_576,
      iterations: 20,
      bytesPerSecond: Math.round(37.05 * 1_048_576),
    });
  });

  test('refuses output without its table', () => {
    expect(() => parseBandwidth(latency)).toThrow(/no table of #bytes #iterations BW peak/);
  });
});
