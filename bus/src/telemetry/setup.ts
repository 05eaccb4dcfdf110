// Whether and how OpenTelemetry runs in this process, by the standard OTEL_* variables. The SDK is a hundred files: it is loaded where it is used,
// so that a command that only looks at something starts without it.
import { context } from '@opentelemetry/api';
import { NOWHERE, type Telemetry, type TelemetryOptions } from './options.js';

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
