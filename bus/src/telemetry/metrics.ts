// The instruments of METRICS, made once and lazily, so that they bind to the process's meter provider.

import { METRICS } from '@cortex/schemas';
import { type Attributes, type Counter, type Histogram, metrics } from '@opentelemetry/api';

const counters = new Map<string, Counter>();
const histograms = new Map<string, Histogram>();
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];

/** Adds to a counter of {@link METRICS}. */
export function count(metric: keyof typeof METRICS, attributes: Attributes = {}, by = 1): void {
  let counter = counters.get(metric);
  if (!counter) {
    const { name, unit, description } = METRICS[metric];
    counter = metrics.getMeter('@cortex/bus').createCounter(name, { unit, description });
    counters.set(metric, counter);
  }
  counter.add(by, attributes);
}

/** Records a duration in seconds into a histogram of {@link METRICS}. */
export function record(metric: keyof typeof METRICS, seconds: number, attributes: Attributes = {}): void {
  let histogram = histograms.get(metric);
  if (!histogram) {
    const { name, unit, description } = METRICS[metric];
    histogram = metrics
      .getMeter('@cortex/bus')
      .createHistogram(name, { unit, description, advice: { explicitBucketBoundaries: SECONDS } });
    histograms.set(metric, histogram);
  }
  histogram.record(seconds, attributes);
}
