import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MemBuilder, type MemLease, RemoteError, RpcClient, RpcServer } from './index.ts';
import { exportMetrics } from './metrics.ts';

const calls = 10;
const registry = new Registry();
let lease: MemLease;

/** The value of a sample, or undefined if the exposition has none of that name and labels. */
function sampleIn(exposition: string, sample: string): number | undefined {
  const line = exposition.split('\n').find((candidate) => candidate.startsWith(`${sample} `));
  return line === undefined ? undefined : Number(line.slice(sample.length + 1));
}

async function scrape(sample: string): Promise<number | undefined> {
  return sampleIn(await registry.metrics(), sample);
}

beforeAll(async () => {
  exportMetrics(registry);
  lease = await new MemBuilder().acquire();
});

afterAll(() => lease.release());

describe('metrics', () => {
  test('count requests, responses and errors on both sides', async () => {
    const server = new RpcServer(lease);
    const client = new RpcClient(lease);
    const stop = new AbortController();
    const handler = {
      handle(methodId: number, payload: Uint8Array): Uint8Array {
        if (methodId === 2) throw RemoteError.unknownMethod(methodId);
        return payload;
      },
    };
    const served = server.serve(handler, { signal: stop.signal });
    for (let i = 0; i < calls; i++) await client.call(1, new Uint8Array(100));
    await expect(client.call(2, new Uint8Array(0))).rejects.toThrow(RemoteError);
    stop.abort();
    await served;

    expect(await scrape('leasewire_rpc_client_requests_total')).toBe(calls + 1);
    expect(await scrape('leasewire_rpc_client_responses_total')).toBe(calls);
    expect(await scrape('leasewire_rpc_client_errors_total')).toBe(1);
    expect(await scrape('leasewire_rpc_server_requests_total')).toBe(calls + 1);
    expect(await scrape('leasewire_rpc_server_responses_total')).toBe(calls);
    expect(await scrape('leasewire_rpc_server_errors_total')).toBe(1);
  });

  test('are histograms that Prometheus can read', async () => {
    const latency = 'leasewire_rpc_call_latency_seconds';
    const count = await scrape(`${latency}_count`);
    expect(count).toBe(calls);
    expect(await scrape(`${latency}_bucket{le="+Inf"}`)).toBe(count);
    expect(await scrape(`${latency}_sum`)).toBeGreaterThan(0);
    const exposition = await registry.metrics();
    expect(exposition).toContain(`# TYPE ${latency} histogram`);
    // Each request was seen by its server and by its client; 100 B lie above 64 and not above 128.
    const bytes = 'leasewire_rpc_response_bytes';
    expect(sampleIn(exposition, `${bytes}_bucket{le="64"}`)).toBe(0);
    expect(sampleIn(exposition, `${bytes}_bucket{le="128"}`)).toBe(2 * calls);
  });

  test('count leases', async () => {
    const before = await scrape('leasewire_leases_active');
    const other = await new MemBuilder().acquire();
    expect(await scrape('leasewire_leases_active')).toBe((before ?? 0) + 1);
    await other.renew();
    await other.revoke();
    expect(await scrape('leasewire_leases_active')).toBe(before);
    expect(await scrape('leasewire_leases_acquired_total')).toBe(2);
    expect(await scrape('leasewire_leases_renewed_total')).toBe(1);
    expect(await scrape('leasewire_leases_revoked_total')).toBe(1);
  });

  test('are refused a second time by the same registry', () => {
    expect(() => exportMetrics(registry)).toThrow();
  });
});
