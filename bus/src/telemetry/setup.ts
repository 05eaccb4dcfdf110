// Starts OpenTelemetry for a process, by the standard OTEL_* variables. Never blocks, never crashes when a backend is away.
import { type Attributes, context, DiagLogLevel, diag, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, type Sampler, SamplingDecision, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { measureInto } from './metrics.js';
import { watchProcess } from './process.js';
import { prometheusText, withoutGone } from './readers.js';
import { SeriesStore } from './series.js';

export interface TelemetryOptions {
  /** `service.name` when OTEL_SERVICE_NAME is not set. */
  readonly service: string;
  readonly attributes?: Attributes;
  /** Further processors, such as the dashboard's own store. */
  readonly processors?: SpanProcessor[];
  /** Whether anybody looks at spans, where no OTLP endpoint is set: unwanted ones are not recorded, ids travel all the same. Default: always. */
  readonly wanted?: () => boolean;
}

export interface Telemetry {
  /** Where spans go: an address, or why none. */
  readonly exporting: string;
  /** All metrics in Prometheus' text format; undefined when telemetry or its metrics are switched off. */
  readonly metricsText: (() => Promise<string>) | undefined;
  /** Sends what is buffered, for at most two seconds, and stops. */
  shutdown(): Promise<void>;
}

/**
 * Without an OTLP endpoint spans exist (ids, propagation) but go nowhere, and metrics can be asked for. OTEL_METRICS_EXPORTER=none measures nothing;
 * OTEL_SDK_DISABLED=true switches everything off.
 */
export function startTelemetry(options: TelemetryOptions): Telemetry {
  if (process.env.OTEL_SDK_DISABLED === 'true') {
    // Nothing is recorded, but a publisher's trace context still travels through us.
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    return {
      exporting: 'off (OTEL_SDK_DISABLED)',
      metricsText: undefined,
      shutdown: async () => context.disable(),
    };
  }
  const tracesTo = endpoint('TRACES');
  const metricsTo = endpoint('METRICS');
  const resource = defaultResource().merge(
    resourceFromAttributes({
      'service.namespace': 'cortex',
      ...(process.env.OTEL_SERVICE_NAME ? {} : { 'service.name': options.service }),
      ...options.attributes,
    }),
  );
  // Export failures are the backend's trouble; the SDK would print each one.
  diag.setLogger(
    {
      error: () => undefined,
      warn: () => undefined,
      info: () => undefined,
      debug: () => undefined,
      verbose: () => undefined,
    },
    DiagLogLevel.NONE,
  );
  const processors = [...(options.processors ?? [])];
  if (tracesTo) processors.push(new BatchSpanProcessor(new OTLPTraceExporter()));
  const { wanted } = options;
  const tracerProvider = new NodeTracerProvider({
    resource,
    spanProcessors: processors,
    ...(tracesTo === undefined && wanted ? { sampler: whileWanted(wanted) } : {}),
  });
  tracerProvider.register({ contextManager: new AsyncLocalStorageContextManager().enable() });
  const series = new SeriesStore();
  const metricProducers = [series];
  const text = process.env.OTEL_METRICS_EXPORTER === 'none' ? undefined : prometheusText(metricProducers);
  const meterProvider = new MeterProvider({
    resource,
    readers: [
      ...(text ? [text.reader] : []),
      ...(metricsTo
        ? [new PeriodicExportingMetricReader({ exporter: withoutGone(new OTLPMetricExporter()), metricProducers })]
        : []),
    ],
  });
  metrics.setGlobalMeterProvider(meterProvider);
  const measured = text !== undefined || metricsTo !== undefined;
  measureInto(measured ? series : undefined);
  const endProcess = measured ? watchProcess() : () => undefined;
  return {
    exporting: tracesTo ?? 'nowhere (set OTEL_EXPORTER_OTLP_ENDPOINT)',
    metricsText: text?.read,
    async shutdown() {
      endProcess();
      const limit = new Promise((resolve) => setTimeout(resolve, 2_000).unref());
      await Promise.race([Promise.allSettled([tracerProvider.shutdown(), meterProvider.shutdown()]), limit]);
      trace.disable();
      metrics.disable();
      measureInto(undefined);
      context.disable();
    },
  };
}

/** A span that nobody sees costs as much as one that somebody does. */
function whileWanted(wanted: () => boolean): Sampler {
  return {
    shouldSample: () => ({
      decision: wanted() ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD,
    }),
    toString: () => 'WhileWanted',
  };
}

function endpoint(signal: 'TRACES' | 'METRICS'): string | undefined {
  const to = process.env[`OTEL_${signal}_EXPORTER`];
  if (to === 'none' || (signal === 'METRICS' && to === 'prometheus')) return undefined;
  return process.env[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`] || process.env.OTEL_EXPORTER_OTLP_ENDPOINT || undefined;
}
