export interface LockOptions {
  /** Called once when somebody else holds the lock. Default: silent. */
  onWait?: () => void;
  /** A lock nobody refreshed for so long is taken over, in milliseconds. Default: 60,000. */
  staleMs?: number;
}
/** Runs `work` while holding the lock file at `path`; several processes on one machine take turns. */
export function withLock<T>(path: string, work: () => Promise<T>, options?: LockOptions): Promise<T>;
