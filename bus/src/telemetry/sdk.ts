// OpenTelemetry's SDK as this process needs it; only setup.ts loads this file, and only what is used is loaded: readers and exporters too.
import { context, DiagLogLevel, diag, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { defaultResource, type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor, type Sampler, SamplingDecision } from '@opentelemetry/sdk-trace-base';
import { type Endpoints, NOWHERE, type Telemetry, type TelemetryOptions } from './options.js';

/** Milliseconds a process waits at its end for a backend that does not answer. */
const LAST_WORDS_MS = 2_000;

export async function startSdk(options: TelemetryOptions, to: Endpoints): Promise<Telemetry> {
  const resource = defaultResource().merge(
    resourceFromAttributes({
      'service.namespace': 'cortex',
      ...(process.env.OTEL_SERVICE_NAME ? {} : { 'service.name': options.service }),
      ...options.attributes,
    }),
  );
  // Export failures are the backend's trouble; the SDK would print each one.
  const silent = () => undefined;
  diag.setLogger({ error: silent, warn: silent, info: silent, debug: silent, verbose: silent }, DiagLogLevel.NONE);
  const processors = [...(options.processors ?? [])];
  if (to.traces) {
    const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
    processors.push(new BatchSpanProcessor(new OTLPTraceExporter()));
  }
  const { wanted } = options;
  const tracerProvider = new BasicTracerProvider({
    resource,
    spanProcessors: processors,
    ...(to.traces === undefined && wanted ? { sampler: whileWanted(wanted) } : {}),
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(tracerProvider);
  const measured = await startMetrics(options, to, resource);
  return {
    exporting: to.traces ?? NOWHERE,
    metricsText: measured?.text,
    async shutdown() {
      const limit = new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS).unref());
      await Promise.race([Promise.allSettled([tracerProvider.shutdown(), measured?.shutdown()]), limit]);
      measured?.end();
      trace.disable();
      context.disable();
    },
  };
}

/** Undefined where nobody could get them. */
async function startMetrics(options: TelemetryOptions, to: Endpoints, resource: Resource) {
  const readable = (options.metrics ?? true) && process.env.OTEL_METRICS_EXPORTER !== 'none';
  if (!readable && to.metrics === undefined) return undefined;
  const { openMeter } = await import('./meter.js');
  return openMeter(resource, readable, to.metrics !== undefined);
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
