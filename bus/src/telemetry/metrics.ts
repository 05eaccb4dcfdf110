// What actors call to measure: counters and histograms are summed up in this process (series.ts), gauges are the SDK's. Without telemetry, or
// with its metrics switched off, every call returns at once. Values of labels come from users (masters, prompts, consumers), so each label
// keeps a bounded number of them and calls the rest `other`.
import { METRICS, type MetricKey } from '@cortex/schemas';
import { type Attributes, type Gauge, metrics, type ObservableResult } from '@opentelemetry/api';
import type { SeriesStore } from './series.js';

export type Labels<M extends MetricKey> = {
  readonly [L in (typeof METRICS)[M]['labels'][number]]?: string | number | boolean | undefined;
};

let store: SeriesStore | undefined;
const gauges = new Map<MetricKey, Gauge>();

const meter = () => metrics.getMeter('cortex');

/** Measures into this store from now on, and gauges into the process's meter provider; undefined: nowhere. */
export function measureInto(series: SeriesStore | undefined): void {
  store = series;
  gauges.clear();
}

/** Adds to a counter; what is no number, or negative, adds nothing. */
export function count<M extends MetricKey>(metric: M, labels: Labels<M> = {}, by = 1): void {
  if (store && by > 0 && Number.isFinite(by)) store.add(metric, labels, by);
}

/** Records a value, in the metric's unit, into a histogram. */
export function record<M extends MetricKey>(metric: M, value: number, labels: Labels<M> = {}): void {
  if (store && Number.isFinite(value)) store.measure(metric, labels, value);
}

/** Sets a gauge. What it was set to stays until it is set again: for figures that come and go use {@link observe}. */
export function gauge<M extends MetricKey>(metric: M, value: number, labels: Labels<M> = {}): void {
  if (!store || !Number.isFinite(value)) return;
  let gauge = gauges.get(metric);
  if (!gauge) {
    const { name, unit, description } = METRICS[metric];
    gauge = meter().createGauge(name, { unit, description });
    gauges.set(metric, gauge);
  }
  gauge.record(value, store.bounded(metric, labels));
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
    const series = ended ? undefined : store;
    for (const [value, labels] of series ? read() : []) {
      if (!series || !Number.isFinite(value)) continue;
      const attributes = series.bounded(metric, labels);
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
