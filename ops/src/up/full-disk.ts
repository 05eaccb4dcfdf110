// A nats-server that ran out of disk switches its storage off, and leaves it off when there is room again: it has to be started anew. Until then
// publishers are refused and keep what they have.
import { statfs } from 'node:fs/promises';
import type { Bus } from '@cortex/bus';
import type { OwnServer } from './nats-server.js';

export interface FullDiskOptions {
  readonly bus: Bus;
  readonly server: Pick<OwnServer, 'restart'>;
  /** Where its data lies. */
  readonly folder: string;
  readonly say: (line: string) => void;
  /** Milliseconds between two looks. Default 2,000. */
  readonly everyMs?: number;
}

/** A start with less would only fill up again. */
const ROOM_BYTES = 64 * 1_048_576;
/** One unanswered question may be a server that is busy. */
const IN_A_ROW = 3;

/** Starts the server anew when its storage is off and there is room. Says so, and says that the disk is full, once each. */
export function watchFullDisk(options: FullDiskOptions): { stop(): void } {
  const { bus, server, folder, say } = options;
  let failed = 0;
  let told = false;
  let looking = false;
  const look = async () => {
    // Another part of this process sees to a server that is gone.
    if (bus.state() !== 'connected') return;
    const works = await bus.jsm.getAccountInfo().then(
      () => true,
      () => false,
    );
    failed = works ? 0 : failed + 1;
    if (works) told = false;
    if (failed < IN_A_ROW) return;
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize < ROOM_BYTES) {
      if (!told)
        say(`the disk that holds ${folder} is full and nothing can be stored: make room; it goes on by itself then`);
      told = true;
      return;
    }
    say('the storage of nats-server is switched off although there is room: starting it anew');
    failed = 0;
    server.restart();
  };
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void look()
      .catch(() => undefined)
      .finally(() => {
        looking = false;
      });
  }, options.everyMs ?? 2_000);
  return { stop: () => clearInterval(timer) };
}
