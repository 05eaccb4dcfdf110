// How metrics leave the process: as Prometheus text when somebody asks, by OTLP when an endpoint is set. Both leave out series that are gone.
import { prometheusName } from '@cortex/schemas';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import {
  DataPointType,
  type MetricData,
  type MetricProducer,
  type MetricReader,
  type PushMetricExporter,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';

export interface PrometheusText {
  readonly reader: MetricReader;
  /** All metrics in the text format of Prometheus, version 0.0.4. */
  read(): Promise<string>;
}

export function prometheusText(metricProducers: MetricProducer[]): PrometheusText {
  const reader = new PrometheusExporter({ preventServerStart: true, metricProducers });
  const serializer = new PrometheusSerializer(undefined, false, undefined, false, true);
  return {
    reader,
    async read() {
      const { resourceMetrics } = await reader.collect();
      return serializer.serialize(mapMetrics(resourceMetrics, spelt));
    },
  };
}

/** An exporter that is not shown the series that are gone. */
export function withoutGone(exporter: PushMetricExporter): PushMetricExporter {
  const inner = exporter.export.bind(exporter);
  exporter.export = (metrics, done) => inner(mapMetrics(metrics, withoutNaN), done);
  return exporter;
}

function mapMetrics(all: ResourceMetrics, change: (data: MetricData) => MetricData): ResourceMetrics {
  return {
    ...all,
    scopeMetrics: all.scopeMetrics.map((scope) => ({ ...scope, metrics: scope.metrics.map(change) })),
  };
}

function withoutNaN(data: MetricData): MetricData {
  if (data.dataPointType !== DataPointType.GAUGE) return data;
  return { ...data, dataPoints: data.dataPoints.filter((point) => !Number.isNaN(point.value)) };
}

const KINDS = {
  [DataPointType.SUM]: 'counter',
  [DataPointType.GAUGE]: 'gauge',
  [DataPointType.HISTOGRAM]: 'histogram',
  [DataPointType.EXPONENTIAL_HISTOGRAM]: 'histogram',
} as const;

/** The exporter of the SDK leaves the unit out of the name; the specification, and every collector, puts it in. */
function spelt(data: MetricData): MetricData {
  const { descriptor } = data;
  const name = prometheusName({ name: descriptor.name, kind: KINDS[data.dataPointType], unit: descriptor.unit });
  return { ...withoutNaN(data), descriptor: { ...descriptor, name } };
}
