// Where this process's measurements go: summed up in a store, read as Prometheus' text, sent by OTLP.
import { metrics } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { MeterProvider, type MetricReader, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { measureInto } from './metrics.js';
import { watchProcess } from './process.js';
import { prometheusText, withoutGone } from './readers.js';
import { SeriesStore } from './series.js';

export interface OpenMeter {
  readonly text: (() => Promise<string>) | undefined;
  /** Sends what is left. */
  shutdown(): Promise<void>;
  /** Measures nothing from now on. */
  end(): void;
}

export async function openMeter(resource: Resource, readable: boolean, exported: boolean): Promise<OpenMeter> {
  const series = new SeriesStore();
  const metricProducers = [series];
  const text = readable ? prometheusText(metricProducers) : undefined;
  const readers: MetricReader[] = text ? [text.reader] : [];
  if (exported) {
    const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-proto');
    readers.push(
      new PeriodicExportingMetricReader({ exporter: withoutGone(new OTLPMetricExporter()), metricProducers }),
    );
  }
  const provider = new MeterProvider({ resource, readers });
  metrics.setGlobalMeterProvider(provider);
  measureInto(series);
  const endProcess = watchProcess();
  return {
    text: text?.read,
    async shutdown() {
      endProcess();
      await provider.shutdown();
    },
    end() {
      metrics.disable();
      measureInto(undefined);
    },
  };
}
