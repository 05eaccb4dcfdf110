// The instruments of METRICS, made once and lazily, so that they bind to the process's meter provider. The one thing to know: values of labels
// come from users (masters, prompts, consumers), so each label keeps a bounded number of them and calls the rest `other`.
import { METRICS, type MetricKey } from '@cortex/schemas';
import {
  type Attributes,
  type Counter,
  type Gauge,
  type Histogram,
  metrics,
  type ObservableResult,
} from '@opentelemetry/api';

/** Values a label may take in this process, and characters of one. */
export const MOST_VALUES = 100;
const LONGEST_VALUE = 64;
export const OTHER = 'other';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];

export type Labels<M extends MetricKey> = {
  readonly [L in (typeof METRICS)[M]['labels'][number]]?: string | number | boolean | undefined;
};

const counters = new Map<MetricKey, Counter>();
const histograms = new Map<MetricKey, Histogram>();
const gauges = new Map<MetricKey, Gauge>();
const seen = new Map<string, Set<string>>();

const meter = () => metrics.getMeter('cortex');

/** Adds to a counter; what is no number, or negative, adds nothing. */
export function count<M extends MetricKey>(metric: M, labels: Labels<M> = {}, by = 1): void {
  if (!(by > 0 && Number.isFinite(by))) return;
  let counter = counters.get(metric);
  if (!counter) {
    const { name, unit, description } = METRICS[metric];
    counter = meter().createCounter(name, { unit, description });
    counters.set(metric, counter);
  }
  counter.add(by, bounded(metric, labels));
}

/** Records a value, in the metric's unit, into a histogram. */
export function record<M extends MetricKey>(metric: M, value: number, labels: Labels<M> = {}): void {
  if (!Number.isFinite(value)) return;
  let histogram = histograms.get(metric);
  if (!histogram) {
    const { name, unit, description, ...more } = METRICS[metric];
    const explicitBucketBoundaries = [...('buckets' in more && more.buckets ? more.buckets : SECONDS)];
    histogram = meter().createHistogram(name, { unit, description, advice: { explicitBucketBoundaries } });
    histograms.set(metric, histogram);
  }
  histogram.record(value, bounded(metric, labels));
}

/** Sets a gauge. What it was set to stays until it is set again: for figures that come and go use {@link observe}. */
export function gauge<M extends MetricKey>(metric: M, value: number, labels: Labels<M> = {}): void {
  if (!Number.isFinite(value)) return;
  let gauge = gauges.get(metric);
  if (!gauge) {
    const { name, unit, description } = METRICS[metric];
    gauge = meter().createGauge(name, { unit, description });
    gauges.set(metric, gauge);
  }
  gauge.record(value, bounded(metric, labels));
}

export type Reading<M extends MetricKey> = readonly [value: number, labels: Labels<M>];

/**
 * Asks for a gauge (or an ever-growing counter) whenever metrics are read. A series that is not among the readings any more is gone: the SDK
 * would repeat its last value for ever, so it gets NaN, which no exporter of ours passes on. Returns the function that ends it.
 */
export function observe<M extends MetricKey>(metric: M, read: () => Iterable<Reading<M>>): () => void {
  const { name, unit, description, kind } = METRICS[metric];
  const instrument =
    kind === 'counter'
      ? meter().createObservableCounter(name, { unit, description })
      : meter().createObservableGauge(name, { unit, description });
  let before = new Map<string, Attributes>();
  let ended = false;
  const callback = (result: ObservableResult) => {
    const now = new Map<string, Attributes>();
    for (const [value, labels] of ended ? [] : read()) {
      const attributes = bounded(metric, labels);
      if (!Number.isFinite(value)) continue;
      result.observe(value, attributes);
      now.set(JSON.stringify(attributes), attributes);
    }
    for (const [key, attributes] of before) if (!now.has(key)) result.observe(Number.NaN, attributes);
    before = now;
    if (ended) instrument.removeCallback(callback);
  };
  instrument.addCallback(callback);
  return () => {
    ended = true;
  };
}

function bounded<M extends MetricKey>(metric: M, labels: Labels<M>): Attributes {
  const attributes: Attributes = {};
  for (const [label, raw] of Object.entries(labels)) {
    if (raw === undefined) continue;
    const value = String(raw).slice(0, LONGEST_VALUE);
    const key = `${metric}/${label}`;
    let values = seen.get(key);
    if (!values) {
      values = new Set();
      seen.set(key, values);
    }
    if (values.has(value)) attributes[label] = value;
    else if (values.size < MOST_VALUES) {
      values.add(value);
      attributes[label] = value;
    } else attributes[label] = OTHER;
  }
  return attributes;
}

/** Forgets the instruments: whoever starts telemetry anew binds them to the new provider. */
export function forgetInstruments(): void {
  counters.clear();
  histograms.clear();
  gauges.clear();
  seen.clear();
}
