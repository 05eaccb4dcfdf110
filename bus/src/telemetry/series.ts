// Counters and histograms of this process, summed up where they happen. The SDK's instruments sort and spell out the labels of every single
// measurement; a decision makes about twenty-five, which cost more than all its spans. Here a measurement is one look-up and one addition, and
// the SDK's readers collect the sums through its interface for that (MetricProducer). Sums are cumulative, whatever temporality a reader prefers.
import { METRICS, type MetricKey } from '@cortex/schemas';
import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api';
import { millisToHrTime } from '@opentelemetry/core';
import { emptyResource } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  type CollectionResult,
  DataPointType,
  type MetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics';

/** Values a label may take in this process, characters of one, and series of one metric. */
export const MOST_VALUES = 100;
const LONGEST_VALUE = 64;
const MOST_SERIES = 2_000;
/** What further values are counted under. */
export const OTHER = 'other';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];

export type LabelValues = Readonly<Record<string, string | number | boolean | undefined>>;

interface Series {
  readonly attributes: Attributes;
  /** Measurements, and their sum. */
  count: number;
  sum: number;
  min: number;
  max: number;
  /** Of a histogram: measurements up to each boundary, and beyond the last. */
  readonly buckets: number[];
}

interface Family {
  readonly boundaries: readonly number[];
  readonly byLabels: Map<string, Series>;
}

export class SeriesStore implements MetricProducer {
  private readonly families = new Map<MetricKey, Family>();
  private readonly values = new Map<string, Set<string>>();
  private readonly startTime = millisToHrTime(Date.now());

  /** Adds to a counter. */
  add(metric: MetricKey, labels: LabelValues, by: number): void {
    const series = this.series(metric, labels);
    series.count++;
    series.sum += by;
  }

  /** Puts a value into a histogram; a value on a boundary belongs below it. */
  measure(metric: MetricKey, labels: LabelValues, value: number): void {
    const series = this.series(metric, labels);
    const { boundaries } = this.family(metric);
    series.count++;
    series.sum += value;
    if (value < series.min) series.min = value;
    if (value > series.max) series.max = value;
    let bucket = 0;
    while (bucket < boundaries.length && value > (boundaries[bucket] ?? 0)) bucket++;
    series.buckets[bucket] = (series.buckets[bucket] ?? 0) + 1;
  }

  /** Labels as they may leave: few values each, none of them long. */
  bounded(metric: MetricKey, labels: LabelValues): Attributes {
    const attributes: Attributes = {};
    for (const [label, raw] of Object.entries(labels)) {
      if (raw === undefined) continue;
      const value = String(raw).slice(0, LONGEST_VALUE);
      const key = `${metric}/${label}`;
      let values = this.values.get(key);
      if (!values) {
        values = new Set();
        this.values.set(key, values);
      }
      if (values.size < MOST_VALUES) values.add(value);
      attributes[label] = values.has(value) ? value : OTHER;
    }
    return attributes;
  }

  async collect(): Promise<CollectionResult> {
    const endTime = millisToHrTime(Date.now());
    const metrics = [...this.families].map(([metric, family]) => dataOf(metric, family, this.startTime, endTime));
    return {
      resourceMetrics: { resource: emptyResource(), scopeMetrics: [{ scope: { name: 'cortex' }, metrics }] },
      errors: [],
    };
  }

  private series(metric: MetricKey, labels: LabelValues): Series {
    const family = this.family(metric);
    const asGiven = keyOf(metric, labels);
    const found = family.byLabels.get(asGiven);
    if (found) return found;
    // Only what is bounded is kept: values that come once and never again must not fill the memory.
    let attributes = this.bounded(metric, labels);
    if (family.byLabels.size >= MOST_SERIES)
      attributes = Object.fromEntries(Object.keys(attributes).map((label) => [label, OTHER]));
    const key = keyOf(metric, attributes as LabelValues);
    let series = family.byLabels.get(key);
    if (!series) {
      const buckets = family.boundaries.length > 0 ? new Array<number>(family.boundaries.length + 1).fill(0) : [];
      series = { attributes, count: 0, sum: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY, buckets };
      family.byLabels.set(key, series);
    }
    return series;
  }

  private family(metric: MetricKey): Family {
    let family = this.families.get(metric);
    if (!family) {
      const { kind, ...more } = METRICS[metric];
      const boundaries = kind !== 'histogram' ? [] : 'buckets' in more && more.buckets ? more.buckets : SECONDS;
      family = { boundaries, byLabels: new Map() };
      this.families.set(metric, family);
    }
    return family;
  }
}

/** The values in the order of the metric's labels; the separator cannot be mistaken for a missing value. */
function keyOf(metric: MetricKey, labels: LabelValues): string {
  let key = '';
  for (const label of METRICS[metric].labels) {
    const value = labels[label];
    key += value === undefined ? '\u0001' : `\u0000${value}`;
  }
  return key;
}

function dataOf(metric: MetricKey, { boundaries, byLabels }: Family, startTime: HrTime, endTime: HrTime): MetricData {
  const { name, unit, description, kind } = METRICS[metric];
  const common = {
    descriptor: { name, unit, description, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  const all = [...byLabels.values()];
  if (kind !== 'histogram')
    return {
      ...common,
      dataPointType: DataPointType.SUM,
      isMonotonic: true,
      dataPoints: all.map(({ attributes, sum }) => ({ startTime, endTime, attributes, value: sum })),
    };
  return {
    ...common,
    dataPointType: DataPointType.HISTOGRAM,
    dataPoints: all.map(({ attributes, count, sum, min, max, buckets }) => ({
      startTime,
      endTime,
      attributes,
      value: { buckets: { boundaries: [...boundaries], counts: [...buckets] }, count, sum, min, max },
    })),
  };
}
