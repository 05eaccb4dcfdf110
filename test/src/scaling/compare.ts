// Replays real arrivals under the three policies at the same cost. The first half of the series teaches (arrivals and service times); the
// second half is played. Reactive scaling gets the target, and fixed replicas the number, that cost what the forecast's scaling cost.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { type Arrival, type ScalingPolicy, type SimulationResult, seededRandom, simulate } from '@cortex/models';
import { PRIORITIES, type Priority } from '@cortex/schemas';
import { byForecast, fixed, reactive } from './policies.js';

export interface CompareOptions {
  readonly seed: number;
  readonly binSeconds: number;
  readonly startSeconds: number;
  /** Seconds that 95 % of the tasks may wait: what the forecast's scaling is asked for. */
  readonly waitSeconds: number;
  /** Seconds of work per 1,000 tokens read, and per 1,000 written. */
  readonly secondsPerThousand: { readonly read: number; readonly written: number };
}

export interface PolicyRow {
  readonly policy: string;
  readonly parameter: string;
  /** Mean replicas paid for. */
  readonly replicas: number;
  readonly mostReplicas: number;
  /** 95th percentile of the seconds waited, by priority and over all. */
  readonly p95: Readonly<Record<Priority | 'all', number>>;
  /** Share that waited longer than asked for. */
  readonly late: number;
}

export interface Comparison {
  readonly arrivals: number;
  readonly seconds: number;
  readonly meanService: number;
  readonly rows: PolicyRow[];
}

/** Rows `at,tokens_in,tokens_out`, perhaps gzipped. Throws a RangeError naming the line that does not fit. */
export function readArrivals(path: string, options: CompareOptions): Arrival[] {
  const bytes = readFileSync(path);
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const random = seededRandom(options.seed);
  let began: number | undefined;
  const rows = text.trim().split('\n').slice(1);
  return rows.map((line, i) => {
    const [at, read, written] = line.split(',');
    const moment = Date.parse(at ?? '');
    if (Number.isNaN(moment)) throw new RangeError(`${path}:${i + 2}: "${at}" is not a time`);
    began ??= moment;
    const { secondsPerThousand: cost } = options;
    return {
      at: (moment - began) / 1000,
      serviceSeconds: 0.05 + (Number(read) * cost.read + Number(written) * cost.written) / 1000,
      rank: PRIORITIES.indexOf(priorityOf(random())),
    };
  });
}

/** One in twenty is critical, three high, twelve medium, four low. */
function priorityOf(u: number): Priority {
  return u < 0.05 ? 'critical' : u < 0.2 ? 'high' : u < 0.8 ? 'medium' : 'low';
}

export function compare(arrivals: readonly Arrival[], options: CompareOptions): Comparison {
  const half = (arrivals.at(-1)?.at ?? 0) / 2;
  const learned = arrivals.filter((a) => a.at < half);
  const played = arrivals.filter((a) => a.at >= half).map((a) => ({ ...a, at: a.at - half }));
  const { binSeconds, startSeconds, waitSeconds } = options;
  const history = new Array<number>(Math.floor(half / binSeconds)).fill(0);
  for (const { at } of learned) {
    const bin = Math.floor(at / binSeconds);
    if (bin < history.length) history[bin] = (history[bin] ?? 0) + 1;
  }
  const services = learned.map((a) => a.serviceSeconds);
  const meanService = mean(services);
  const load = (learned.length / half) * meanService;
  const run = (policy: ScalingPolicy) =>
    simulate(played, policy, { binSeconds, startSeconds, running: Math.ceil(load * 1.2), ageSeconds: 60 });
  const { policy, setting } = byForecast({ history, services, binSeconds, startSeconds, waitSeconds });
  const forecast = run(policy);
  const cost = forecast.cost / forecast.seconds;
  const followed = atCost(cost, 0.02, 64, (target) => run(reactive(target, binSeconds)));
  const number = Math.max(1, Math.round(cost));
  const rows = [
    rowOf('forecast', setting, forecast, waitSeconds),
    rowOf('reactive', `${followed.parameter.toFixed(2)} tasks a replica`, followed.result, waitSeconds),
    rowOf('fixed', `${number} replicas`, run(fixed(number)), waitSeconds),
  ];
  return { arrivals: played.length, seconds: half, meanService, rows };
}

/** The parameter between `low` and `high` whose run costs as much; a higher parameter costs less. */
function atCost(cost: number, low: number, high: number, run: (parameter: number) => SimulationResult) {
  let parameter = high;
  let result = run(high);
  for (let i = 0; i < 12; i++) {
    const middle = (low + high) / 2;
    const tried = run(middle);
    if (tried.cost / tried.seconds > cost) low = middle;
    else {
      high = middle;
      parameter = middle;
      result = tried;
    }
  }
  return { parameter, result };
}

function rowOf(policy: string, parameter: string, result: SimulationResult, waitSeconds: number): PolicyRow {
  const all = result.waits.map((wait) => wait.seconds);
  const of = (priority: Priority) => {
    const rank = PRIORITIES.indexOf(priority);
    return p95(result.waits.filter((wait) => wait.rank === rank).map((wait) => wait.seconds));
  };
  return {
    policy,
    parameter,
    replicas: result.cost / result.seconds,
    mostReplicas: result.mostReplicas,
    p95: {
      critical: of('critical'),
      high: of('high'),
      medium: of('medium'),
      low: of('low'),
      all: p95(all),
    },
    late: all.filter((wait) => wait > waitSeconds).length / Math.max(1, all.length),
  };
}

function p95(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(0.95 * sorted.length) - 1)] ?? 0;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
