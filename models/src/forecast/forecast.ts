// Arrivals per bin, forecast with the capacity to ask for: the simplest forecaster that wins on validation, and a conformal quantile on top.
// The one thing to know: the quantile's errors are those of the last bins, so it follows when the traffic becomes wilder.
import { findSeason, SortedWindow } from '../anomaly/index.js';
import { type Candidate, candidates, nameOf, openCandidate } from './candidates.js';

export interface ForecastOptions {
  /** Most bins ahead. Default 1. */
  horizon?: number;
  /** Share of bins that the capacity is to cover. Default 0.9. Higher: fewer waits, more idle. */
  quantile?: number;
  /** Told which share of the forecasters was tried (0 to 1). */
  onProgress?: (share: number) => void;
}

/** Plain JSON. */
export interface ForecastModel {
  quantile: number;
  /** For each bin ahead: who forecasts, on whom the capacity rests, each candidate's validation error, and the errors that the quantile starts from. */
  horizons: { serves: Candidate; asks: Candidate; validation: Record<string, number>; errors: number[] }[];
  /** The last counts, which warm up a stream. */
  recent: number[];
}

export interface ForecastStep {
  /** Expected count. */
  forecast: number;
  /** The count not passed in `quantile` of the bins. */
  capacity: number;
}

export interface ForecastStream {
  push(count: number): void;
  /** Entry h − 1 is h bins after the last pushed one. */
  forecast(): ForecastStep[];
}

/** The learning part of `counts` for candidates; what follows judges them. */
const FIT_SHARE = 0.3;
/** A later, less simple candidate has to be better by this share. */
const CLEARLY = 0.01;
const ERRORS = 150;
const RECENT = 4096;

export class ForecastDataError extends Error {
  override readonly name = 'ForecastDataError';
  readonly retryable = false;
}

/** @param counts arrivals of each bin, in order. @throws ForecastDataError below 8 bins. */
export function fitForecast(
  counts: Float64Array,
  { horizon = 1, quantile = 0.9, onProgress }: ForecastOptions = {},
): ForecastModel {
  if (counts.length < 8)
    throw new ForecastDataError(`${counts.length} bins are too few to learn from; 8 are the least`);
  const split = Math.floor(counts.length * FIT_SHARE);
  // The season is a length, not a fit: looked for in all of the learning part.
  const season = findSeason(counts);
  const tried = candidates(counts.subarray(0, split), horizon, season);
  const said = tried.map((candidate, i) => {
    onProgress?.(i / tried.length);
    return forecastsOf(candidate, counts, horizon);
  });
  const final = candidates(counts, horizon, season);
  const horizons = Array.from({ length: horizon }, (_, h) => {
    const names = tried.map(nameOf);
    const off = tried.map((_, c) => absoluteError(said[c]![h]!, counts, split));
    // Another forecaster may be the better ground for a high quantile: judged by the quantile's own loss.
    const errors = tried.map((_, c) => errorsOf(said[c]![h]!, counts, split));
    const loss = tried.map((_, c) => capacityLoss(said[c]![h]!, errors[c]!, counts, split, quantile));
    const asks = simplestOfBest(loss);
    // The same kind, refitted on all of it.
    const refitted = (c: number) => final.find((candidate) => nameOf(candidate) === names[c]) ?? tried[c]!;
    return {
      serves: refitted(simplestOfBest(off)),
      asks: refitted(asks),
      validation: Object.fromEntries(names.map((name, c) => [name, off[c]!])),
      errors: errors[asks]!.slice(-ERRORS),
    };
  });
  return { quantile, horizons, recent: Array.from(counts.slice(-RECENT)) };
}

/** Place of the first that no later one beats clearly. */
function simplestOfBest(losses: readonly number[]): number {
  let best = 0;
  losses.forEach((loss, c) => {
    if (loss < losses[best]! * (1 - CLEARLY)) best = c;
  });
  return best;
}

/** A stream that goes on where the learning part ended. */
export function openForecast({ quantile, horizons, recent }: ForecastModel): ForecastStream {
  const open = horizons.map(({ serves, asks, errors }, h) => {
    const forecaster = openCandidate(serves);
    const ground = openCandidate(asks);
    for (const count of recent) {
      forecaster.push(count);
      ground.push(count);
    }
    const window = new SortedWindow(ERRORS);
    for (const error of errors) window.push(error);
    // Forecasts under way, the oldest first: none yet for the bins that came too soon for one.
    const said: (number | undefined)[] = new Array(h).fill(undefined);
    said.push(ground.forecast(h + 1));
    return { forecaster, ground, window, said };
  });
  return {
    push(count) {
      open.forEach(({ forecaster, ground, window, said }, h) => {
        const before = said.shift();
        if (before !== undefined) window.push(scaledError(count, before));
        forecaster.push(count);
        ground.push(count);
        said.push(ground.forecast(h + 1));
      });
    },
    forecast: () =>
      open.map(({ forecaster, ground, window }, h) => {
        const from = ground.forecast(h + 1);
        const error = window.count ? window.quantile(conformalRank(window.count, quantile)) : 0;
        return { forecast: forecaster.forecast(h + 1), capacity: Math.max(0, from + error * unit(from)) };
      }),
  };
}

/** Split conformal: the ⌈(n + 1) q⌉-th smallest of n errors, as a share of the way from the first to the last. */
function conformalRank(count: number, quantile: number): number {
  return Math.min(1, (Math.ceil((count + 1) * quantile) - 1) / Math.max(1, count - 1));
}

/** What `candidate` says about each bin, per bins ahead; 0 for those too early. */
function forecastsOf(candidate: Candidate, counts: Float64Array, horizon: number): Float64Array[] {
  const forecaster = openCandidate(candidate);
  const out = Array.from({ length: horizon }, () => new Float64Array(counts.length));
  counts.forEach((count, t) => {
    forecaster.push(count);
    for (let h = 0; h < horizon && t + h + 1 < counts.length; h++) out[h]![t + h + 1] = forecaster.forecast(h + 1);
  });
  return out;
}

function absoluteError(said: Float64Array, counts: Float64Array, from: number): number {
  let error = 0;
  let all = 0;
  for (let t = from; t < counts.length; t++) {
    error += Math.abs(counts[t]! - said[t]!);
    all += counts[t]!;
  }
  return all ? error / all : error;
}

function errorsOf(said: Float64Array, counts: Float64Array, from: number): number[] {
  return Array.from(counts.subarray(from), (count, i) => scaledError(count, said[from + i]!));
}

/** Mean pinball loss of the capacity that these errors' own quantile gives. */
function capacityLoss(
  said: Float64Array,
  errors: number[],
  counts: Float64Array,
  from: number,
  quantile: number,
): number {
  const sorted = errors.slice().sort((a, b) => a - b);
  const error = sorted[Math.round(conformalRank(sorted.length, quantile) * (sorted.length - 1))]!;
  let loss = 0;
  for (let t = from; t < counts.length; t++) {
    const short = counts[t]! - Math.max(0, said[t]! + error * unit(said[t]!));
    loss += short > 0 ? quantile * short : (quantile - 1) * short;
  }
  return loss / Math.max(1, counts.length - from);
}

/** Arrivals scatter more where there are more of them: errors are compared in roots of the forecast. */
function unit(forecast: number): number {
  return Math.sqrt(forecast + 1);
}

function scaledError(count: number, forecast: number): number {
  return (count - forecast) / unit(forecast);
}
