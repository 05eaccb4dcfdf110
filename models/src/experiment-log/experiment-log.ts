// What a training says of itself while it runs, to whoever keeps it: TensorBoard's files, an MLflow server.
// The one thing to know: a log that cannot be written never stops a training; it says so once and stays silent.

export type RunStatus = 'done' | 'failed' | 'cancelled';

export interface ExperimentLog {
  /** What the run was started with; once. */
  params(params: Readonly<Record<string, string | number | boolean>>): Promise<void>;
  /** One point of a curve. */
  scalar(tag: string, value: number, step: number): Promise<void>;
  /** A small file that belongs to the run. */
  artifact(name: string, content: string): Promise<void>;
  /** Nothing may follow. */
  end(status: RunStatus): Promise<void>;
}

/** Each call goes to all logs, in order; one that fails is reported once and left out from then on. */
export function together(logs: readonly ExperimentLog[], onTrouble: (reason: string) => void): ExperimentLog {
  const alive = new Set(logs);
  let last: Promise<void> = Promise.resolve();
  const each = (work: (log: ExperimentLog) => Promise<void>): Promise<void> => {
    last = last.then(async () => {
      for (const log of alive) {
        try {
          await work(log);
        } catch (error) {
          alive.delete(log);
          onTrouble(error instanceof Error ? error.message : String(error));
        }
      }
    });
    return last;
  };
  return {
    params: (params) => each((log) => log.params(params)),
    scalar: (tag, value, step) => each((log) => log.scalar(tag, value, step)),
    artifact: (name, content) => each((log) => log.artifact(name, content)),
    end: (status) => each((log) => log.end(status)),
  };
}
