import { describe, expect, test } from 'vitest';
import type { Result } from '../bench/report.ts';
import { type BenchName, benchNames } from './names.ts';
import { acceleratorOf } from './node-machine.ts';
import { mappedAddress } from './rdma-device.ts';
import { makeReport } from './report.ts';
import { renderHtml } from './report-html.ts';
import { renderTable } from './report-table.ts';
import { sizesOf } from './sizes.ts';

const machine = { cpu: 'QEMU TCG CPU', cores: 1, virtual: true, kernel: 'Linux 6', node: 'v20', date: '2000-01-01' };

function timed(name: BenchName, bytes: number, p50Ns: number): Result {
  const range = { min: p50Ns, max: p50Ns };
  const figures = { p50Ns, p99Ns: 2 * p50Ns, p999Ns: 3 * p50Ns, perSecond: 1e9 / p50Ns };
  const spread = { p50Ns: range, p99Ns: range, p999Ns: range, perSecond: range };
  return { name, bytes, ...figures, spread, distribution: [[0.5, p50Ns]], p50From: 'singles', samples: 9 };
}

const report = makeReport({
  machine,
  node: machine,
  accelerator: 'tcg',
  method: ['by hand'],
  rounds: 2,
  quick: false,
  notes: [],
  skipped: [{ name: 'grpc-js', reason: 'none <here>' }],
  latencies: [
    timed('leasewire-rpc', 32_751, 3000),
    timed('ib_write_lat', 32_768, 2000),
    timed('ib_read_lat', 64, 100),
    timed('leasewire-read', 64, 150),
    timed('leasewire-bulk-write', 1 << 20, 1e6),
  ],
  rates: new Map<BenchName, readonly number[]>([
    ['ib_write_bw', [90e6, 100e6, 120e6]],
    ['leasewire-bulk-write', [40e6, 50e6, 60e6]],
  ]),
});

describe('the report', () => {
  test('names what it has, by size; what was not measured is null', () => {
    const shown = report.results.map(({ name, bytes, p50Ns, p99Ns, bytesPerSecond }) => [
      name,
      bytes,
      p50Ns,
      p99Ns,
      bytesPerSecond,
    ]);
    expect(shown).toEqual([
      ['ib_read_lat', 64, 100, 200, null],
      ['leasewire-read', 64, 150, 300, null],
      ['leasewire-rpc', 32_751, 3000, 6000, null],
      ['ib_write_lat', 32_768, 2000, 4000, null],
      ['ib_write_bw', 1 << 20, null, null, 100e6],
      ['leasewire-bulk-write', 1 << 20, 1e6, 2e6, 50e6],
    ]);
  });

  test('ratios: calls to writes, one-sided operations to reads, rates to rates', () => {
    expect(report.ratios).toEqual([
      { name: 'leasewire-read', bytes: 64, over: 'ib_read_lat', ratio: 1.5 },
      { name: 'leasewire-rpc', bytes: 32_751, over: 'ib_write_lat', ratio: 1.5 },
      { name: 'leasewire-bulk-write', bytes: 1 << 20, over: 'ib_write_bw', ratio: 0.5 },
    ]);
  });

  test('the table names machine, accelerator, and what was skipped', () => {
    const table = renderTable(report);
    expect(table).toContain('accelerator tcg');
    expect(table).toContain('QEMU TCG CPU');
    expect(table).toMatch(/leasewire-bulk-write .*50 MB\/s +\(40\.\.60\) +0\.5x +ib_write_bw/);
    expect(table).toContain('SKIPPED grpc-js: none <here>');
  });

  test('the page has both plots, and escapes', () => {
    const html = renderHtml(report);
    expect(html.match(/<svg/g)).toHaveLength(2);
    expect(html).toContain('none &lt;here&gt;');
    expect(html).not.toContain('none <here>');
  });
});

test('an emulated processor is tcg, a real host none', () => {
  expect(acceleratorOf(machine, '')).toBe('tcg');
  expect(acceleratorOf({ ...machine, cpu: 'AMD EPYC' }, '')).toBe('kvm');
  expect(acceleratorOf(machine, 'me@one/10.0.0.1')).toBe('none');
});

test('sizes: references are always measured, calls carry what the layout can', () => {
  expect(sizesOf('ib_read_lat', [2, 64])).toEqual([2, 8, 64]);
  expect(sizesOf('ib_write_lat', [2, 64])).toEqual([2, 64]);
  expect(sizesOf('leasewire-rpc', [8, 32_768])).toEqual([8, 32_751]);
  expect(benchNames.filter((name) => sizesOf(name, [8]).includes(1 << 20))).toEqual([
    'ib_write_bw',
    'leasewire-bulk-write',
  ]);
});

test('an address as it stands in the GID table', () => {
  expect(mappedAddress('10.77.0.1')).toBe('0000:0000:0000:0000:0000:ffff:0a4d:0001');
});
