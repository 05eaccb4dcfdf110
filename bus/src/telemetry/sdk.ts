// OpenTelemetry's SDK as this process needs it; only setup.ts loads this file, and only what is used is loaded: readers and exporters too.
import { context, DiagLogLevel, diag, type SpanContext, TraceFlags, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { defaultResource, type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor, ParentBasedSampler } from '@opentelemetry/sdk-trace-base';
import { type Endpoints, NOWHERE, type Telemetry, type TelemetryOptions } from './options.js';
import { atMost, tracesPerSecond, whileWanted } from './samplers.js';
import { skipChildrenOf } from './spans.js';

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
    ...samplerFor(to, wanted),
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(tracerProvider);
  skipChildrenOf(unrecordedUnder(to, wanted));
  const measured = await startMetrics(options, to, resource);
  return {
    exporting: to.traces ?? NOWHERE,
    metricsText: measured?.text,
    async shutdown() {
      const limit = new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS).unref());
      await Promise.race([Promise.allSettled([tracerProvider.shutdown(), measured?.shutdown()]), limit]);
      measured?.end();
      trace.disable();
      skipChildrenOf(() => false);
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

/** Which parents' children the sampler of {@link samplerFor} records in no case. */
function unrecordedUnder(to: Endpoints, wanted: TelemetryOptions['wanted']): (parent: SpanContext) => boolean {
  if (to.traces === undefined && wanted) return () => !wanted();
  const { OTEL_TRACES_SAMPLER: named = 'parentbased_always_on' } = process.env;
  if (!named.startsWith('parentbased_')) return () => false;
  return ({ traceFlags }) => (traceFlags & TraceFlags.SAMPLED) === 0;
}

/** OTEL_TRACES_SAMPLER, which the SDK reads where it is given none, comes first. */
function samplerFor(to: Endpoints, wanted: TelemetryOptions['wanted']) {
  if (to.traces === undefined) return wanted ? { sampler: whileWanted(wanted) } : {};
  if (process.env.OTEL_TRACES_SAMPLER) return {};
  return { sampler: new ParentBasedSampler({ root: atMost(tracesPerSecond()) }) };
}
