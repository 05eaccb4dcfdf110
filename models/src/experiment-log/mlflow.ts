// A run on an MLflow tracking server, by its REST API (version 2.0, which MLflow 2 and 3 both answer).
// The one thing to know: points are sent in batches, and every request has a time limit: a slow server must not slow a training.
import type { ExperimentLog, RunStatus } from './experiment-log.js';

export interface MlflowOptions {
  /** Address of the server, as in `MLFLOW_TRACKING_URI`: http or https. */
  readonly uri: string;
  /** Made when there is none of that name. Default `cortex`. */
  readonly experiment?: string;
  readonly run: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Read: MLFLOW_TRACKING_TOKEN, MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD. Default: `process.env`. */
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds a request may take. Default 5,000. */
  readonly timeoutMs?: number;
}

export interface MlflowRun extends ExperimentLog {
  readonly id: string;
}

/** The server refused, or did not answer. */
export class MlflowError extends Error {
  override readonly name = 'MlflowError';
  constructor(
    readonly uri: string,
    what: string,
  ) {
    super(`MLflow at ${uri}: ${what}`);
  }
}

const STATUS: Record<RunStatus, string> = { done: 'FINISHED', failed: 'FAILED', cancelled: 'KILLED' };
/** What the server takes in one request: 1,000 points, 100 params, 500 characters of a param. */
const MOST_POINTS = 500;
const MOST_PARAMS = 100;
const LONGEST_PARAM = 500;

interface MlflowPoint {
  key: string;
  value: number;
  timestamp: number;
  step: number;
}

/** Starts a run. @throws MlflowError when the server cannot be used. */
export async function openMlflow(options: MlflowOptions): Promise<MlflowRun> {
  const ask = asker(options);
  const experiment = await experimentOf(ask, options.experiment ?? 'cortex');
  const created = await ask<{ run: { info: { run_id: string; artifact_uri?: string } } }>(
    'POST',
    '/api/2.0/mlflow/runs/create',
    {
      experiment_id: experiment,
      run_name: options.run,
      start_time: Date.now(),
      tags: Object.entries(options.tags ?? {}).map(([key, value]) => ({ key, value: value.slice(0, 5_000) })),
    },
  );
  const { run_id, artifact_uri = '' } = created.run.info;
  let points: MlflowPoint[] = [];
  const flush = async () => {
    const metrics = points;
    points = [];
    if (metrics.length > 0) await ask('POST', '/api/2.0/mlflow/runs/log-batch', { run_id, metrics });
  };
  return {
    id: run_id,
    async params(params) {
      const list = Object.entries(params).map(([key, value]) => ({
        key: nameOf(key),
        value: String(value).slice(0, LONGEST_PARAM),
      }));
      for (let from = 0; from < list.length; from += MOST_PARAMS)
        await ask('POST', '/api/2.0/mlflow/runs/log-batch', { run_id, params: list.slice(from, from + MOST_PARAMS) });
    },
    async scalar(tag, value, step) {
      points.push({ key: nameOf(tag), value, timestamp: Date.now(), step });
      if (points.length >= MOST_POINTS) await flush();
    },
    async artifact(name, content) {
      // Only what goes through the server itself can be written by REST; a store of its own wants its own client.
      if (!artifact_uri.startsWith('mlflow-artifacts:')) return;
      const path = artifact_uri.replace(/^mlflow-artifacts:(\/\/[^/]*)?/, '').replace(/^\/+/, '');
      await ask('PUT', `/api/2.0/mlflow-artifacts/artifacts/${path}/${encodeURIComponent(name)}`, content);
    },
    async end(status) {
      await flush();
      await ask('POST', '/api/2.0/mlflow/runs/update', { run_id, status: STATUS[status], end_time: Date.now() });
    },
  };
}

type Ask = <T>(method: string, path: string, body?: object | string) => Promise<T>;

function asker({ uri, env = process.env, timeoutMs = 5_000 }: MlflowOptions): Ask {
  if (!/^https?:\/\//.test(uri))
    throw new MlflowError(uri, 'only a tracking server is supported (http:// or https://), not a folder or a database');
  const base = uri.replace(/\/+$/, '');
  const token = env.MLFLOW_TRACKING_TOKEN;
  const user = env.MLFLOW_TRACKING_USERNAME;
  const authorization = token
    ? `Bearer ${token}`
    : user
      ? `Basic ${Buffer.from(`${user}:${env.MLFLOW_TRACKING_PASSWORD ?? ''}`).toString('base64')}`
      : undefined;
  return async <T>(method: string, path: string, body?: object | string): Promise<T> => {
    let answer: Response;
    try {
      answer = await fetch(`${base}${path}`, {
        method,
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          'content-type': typeof body === 'string' ? 'application/octet-stream' : 'application/json',
          ...(authorization ? { authorization } : {}),
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
    } catch (error) {
      const cause = (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).message;
      throw new MlflowError(uri, `does not answer (${cause})`);
    }
    const text = await answer.text();
    if (!answer.ok) throw new MlflowRefused(uri, answer.status, text);
    return (text === '' ? {} : parsed(uri, text)) as T;
  };
}

function parsed(uri: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new MlflowError(uri, `answers something that is not JSON: ${text.slice(0, 100)}`);
  }
}

class MlflowRefused extends MlflowError {
  readonly code: string | undefined;
  constructor(
    uri: string,
    readonly status: number,
    text: string,
  ) {
    super(uri, `answers ${status}: ${text.slice(0, 300)}`);
    this.code = /"error_code":\s*"([A-Z_]+)"/.exec(text)?.[1];
  }
}

async function experimentOf(ask: Ask, name: string): Promise<string> {
  const find = async () => {
    const { experiment } = await ask<{ experiment: { experiment_id: string } }>(
      'GET',
      `/api/2.0/mlflow/experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`,
    );
    return experiment.experiment_id;
  };
  try {
    return await find();
  } catch (error) {
    if (!(error instanceof MlflowRefused) || error.code !== 'RESOURCE_DOES_NOT_EXIST') throw error;
  }
  try {
    return (await ask<{ experiment_id: string }>('POST', '/api/2.0/mlflow/experiments/create', { name })).experiment_id;
  } catch (error) {
    // Another trainer was first.
    if (error instanceof MlflowRefused && error.code === 'RESOURCE_ALREADY_EXISTS') return find();
    throw error;
  }
}

/** Letters, digits and a few signs are all that the server takes. */
function nameOf(tag: string): string {
  return tag.replace(/[^A-Za-z0-9_\-. /]/g, '_').slice(0, 250);
}
