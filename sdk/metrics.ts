// leasewire's numbers for Prometheus. Nothing is kept here: each scrape reads the plain counters of this process (or
// worker thread), so that observing costs a call next to nothing.
import { Counter, Gauge, type Metric, type Registry } from 'prom-client';
import type { Histogram, Metrics } from '#bridge';
import { fabricHere } from './fabric.ts';

type CounterName = Exclude<
  { [K in keyof Metrics]: Metrics[K] extends number ? K : never }[keyof Metrics],
  'leasesActive'
>;

const counters: Record<CounterName, { name: string; help: string }> = {
  clientRequests: { name: 'rpc_client_requests_total', help: 'Requests posted by clients here' },
  clientResponses: { name: 'rpc_client_responses_total', help: 'Responses taken by clients here' },
  clientErrors: {
    name: 'rpc_client_errors_total',
    help: 'Calls of clients here that a handler answered with an error',
  },
  serverRequests: { name: 'rpc_server_requests_total', help: 'Requests taken by servers here' },
  serverResponses: { name: 'rpc_server_responses_total', help: 'Responses published by servers here' },
  serverErrors: { name: 'rpc_server_errors_total', help: 'Error responses published by servers here' },
  malformedFrames: {
    name: 'rpc_malformed_frames_total',
    help: 'Requests and responses refused as malformed',
  },
  leasesAcquired: { name: 'leases_acquired_total', help: 'Leases acquired here' },
  leasesAttached: { name: 'leases_attached_total', help: 'Leases of other processes attached here' },
  leasesRenewed: { name: 'leases_renewed_total', help: 'Renewals made here' },
  leasesExpired: { name: 'leases_expired_total', help: 'Leases that expired, at home or as held here' },
  leasesRevoked: { name: 'leases_revoked_total', help: 'Leases that were revoked, at home or as held here' },
  leasesInterrupted: { name: 'leases_interrupted_total', help: 'Leases held here whose home got out of reach' },
  leasesResumed: { name: 'leases_resumed_total', help: 'Leases held here whose home was reached again' },
  leasesReleased: { name: 'leases_released_total', help: 'Leases released by their home here' },
};

/** Latency buckets: 128 ns to 34 s; payload buckets: 8 B to 32 KiB; both by powers of two. */
const latencyExponents = { from: 7, to: 35 };
const payloadExponents = { from: 3, to: 15 };

/**
 * Registers leasewire's metrics of this process, all prefixed `leasewire_`, with a prom-client registry. Calls that are
 * answered at once are timed one in 64 and counted 64-fold; every slower call is timed.
 *
 *     import { register } from 'prom-client';
 *     exportMetrics(register);
 *
 * Throws prom-client's error if that registry has them already.
 */
export function exportMetrics(registry: Registry): void {
  const metrics = fabricHere().agent().metrics;
  for (const key of Object.keys(counters) as CounterName[]) exportCounter(registry, metrics, key);
  exportGauge(registry, metrics);
  exportHistogram(registry, metrics.callLatencyNs, {
    name: 'leasewire_rpc_call_latency_seconds',
    help: 'From writing a request to having its response, at clients here',
    exponents: latencyExponents,
    unitsPerBase: 1e9,
  });
  const payloads = { exponents: payloadExponents, unitsPerBase: 1 };
  exportHistogram(registry, metrics.requestBytes, {
    name: 'leasewire_rpc_request_bytes',
    help: 'Payload of requests, at clients and servers here',
    ...payloads,
  });
  exportHistogram(registry, metrics.responseBytes, {
    name: 'leasewire_rpc_response_bytes',
    help: 'Payload of responses, at clients and servers here',
    ...payloads,
  });
}

function exportCounter(registry: Registry, metrics: Metrics, key: CounterName): void {
  const { name, help } = counters[key];
  new Counter({
    name: `leasewire_${name}`,
    help,
    registers: [registry],
    collect(): void {
      this.reset();
      this.inc(metrics[key]);
    },
  });
}

function exportGauge(registry: Registry, metrics: Metrics): void {
  new Gauge({
    name: 'leasewire_leases_active',
    help: 'Leases that this process is home to or holds now',
    registers: [registry],
    collect(): void {
      this.set(metrics.leasesActive);
    },
  });
}

interface HistogramExport {
  readonly name: string;
  readonly help: string;
  readonly exponents: { readonly from: number; readonly to: number };
  /** Recorded units in one unit of the exported metric. */
  readonly unitsPerBase: number;
}

/** prom-client's histograms keep buckets of their own; this metric answers a scrape from ours. */
function exportHistogram(registry: Registry, source: Histogram, options: HistogramExport): void {
  const { name, help } = options;
  const scraped = {
    name,
    help,
    type: 'histogram',
    aggregator: 'sum',
    get: async () => ({ name, help, type: 'histogram', aggregator: 'sum', values: samples(source, options) }),
    reset: () => undefined,
  };
  // The registry asks no more of a metric than this, though its types name prom-client's own four classes.
  registry.registerMetric(scraped as unknown as Metric<'le'>);
}

interface Sample {
  readonly metricName: string;
  readonly value: number;
  readonly labels: { readonly le?: number | string };
}

function samples(source: Histogram, { name, exponents, unitsPerBase }: HistogramExport): Sample[] {
  const bucket = (le: number | string, value: number) => ({
    metricName: `${name}_bucket`,
    value,
    labels: { le },
  });
  return [
    ...source.cumulative(exponents.from, exponents.to).map(({ upTo, count }) => bucket(upTo / unitsPerBase, count)),
    bucket('+Inf', source.count),
    { metricName: `${name}_sum`, value: source.sum / unitsPerBase, labels: {} },
    { metricName: `${name}_count`, value: source.count, labels: {} },
  ];
}
