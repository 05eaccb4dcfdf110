// Whether and how OpenTelemetry runs in this process, by the standard OTEL_* variables. The SDK is a hundred files: it is loaded where it is used,
// so that a command that only looks at something starts without it.
import { type Attributes, context } from '@opentelemetry/api';
import type { SpanProcessor } from '@opentelemetry/sdk-trace-base';

export interface TelemetryOptions {
  /** `service.name` when OTEL_SERVICE_NAME is not set. */
  readonly service: string;
  readonly attributes?: Attributes;
  /** Further processors, such as the dashboard's own store. */
  readonly processors?: SpanProcessor[];
  /** Whether anybody looks at spans, where no OTLP endpoint is set: unwanted ones are not recorded, ids travel all the same. Default: always. */
  readonly wanted?: () => boolean;
  /** Whether spans are made where no OTLP endpoint is set. Default true; false for what begins no trace that anybody would look for. */
  readonly traces?: boolean;
  /** Whether metrics can be asked for. Default true; false for what ends by itself: they go to an OTLP endpoint, if one is set, or nowhere. */
  readonly metrics?: boolean;
}

export interface Telemetry {
  /** Where spans go: an address, or why none. */
  readonly exporting: string;
  /** All metrics in Prometheus' text format; undefined when telemetry or its metrics are switched off. */
  readonly metricsText: (() => Promise<string>) | undefined;
  /** Sends what is buffered, for at most two seconds, and stops. */
  shutdown(): Promise<void>;
}

/** OTLP endpoints of the environment. */
export interface Endpoints {
  readonly traces: string | undefined;
  readonly metrics: string | undefined;
}

export const NOWHERE = 'nowhere (set OTEL_EXPORTER_OTLP_ENDPOINT)';

/**
 * Without an OTLP endpoint spans exist (ids, propagation) but go nowhere, and metrics can be asked for. OTEL_METRICS_EXPORTER=none measures nothing;
 * OTEL_SDK_DISABLED=true switches everything off. Never blocks, never fails when a backend is away.
 */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  if (process.env.OTEL_SDK_DISABLED === 'true') {
    // Nothing is recorded, but a publisher's trace context still travels through us.
    const { AsyncLocalStorageContextManager } = await import('@opentelemetry/context-async-hooks');
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    return {
      exporting: 'off (OTEL_SDK_DISABLED)',
      metricsText: undefined,
      shutdown: async () => context.disable(),
    };
  }
  const endpoints = { traces: endpoint('TRACES'), metrics: endpoint('METRICS') };
  const { traces = true, metrics = true } = options;
  if (!traces && !metrics && endpoints.traces === undefined && endpoints.metrics === undefined)
    return { exporting: NOWHERE, metricsText: undefined, shutdown: async () => undefined };
  const { startSdk } = await import('./sdk.js');
  return startSdk(options, endpoints);
}

function endpoint(signal: 'TRACES' | 'METRICS'): string | undefined {
  const to = process.env[`OTEL_${signal}_EXPORTER`];
  if (to === 'none' || (signal === 'METRICS' && to === 'prometheus')) return undefined;
  return process.env[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`] || process.env.OTEL_EXPORTER_OTLP_ENDPOINT || undefined;
}
