// A nats-server that ran out of disk switches its storage off, or refuses whatever a stream is to keep, and leaves it so when there is room again:
// it has to be started anew. Until then publishers are refused, or get no answer, and keep what they have.
import { open, statfs } from 'node:fs/promises';
import type { Bus } from '@cortex/bus';
import type { OwnServer } from './nats-server.js';

export interface FullDiskOptions {
  readonly bus: Bus;
  readonly server: Pick<OwnServer, 'restart' | 'logFile'>;
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

/** What the server writes when it could not store a message; it may come long after the disk was full. */
const REFUSED = /failed to store .*(no space left|quota exceeded)/;

/**
 * Starts the server anew when its storage is off, or a stream stores nothing, and there is room. Says so, and says that the disk is full, once each.
 * That a stream stores nothing is told by the server's log alone: publishers just get no answer.
 */
export function watchFullDisk(options: FullDiskOptions): { stop(): void } {
  const { bus, server, folder, say } = options;
  const newLines = tail(server.logFile);
  let failed = 0;
  let told = false;
  let hadRoom = false;
  let looking = false;
  const look = async () => {
    const refused = REFUSED.test(await newLines());
    // Another part of this process sees to a server that is gone.
    if (bus.state() !== 'connected') return;
    const answers = await bus.jsm.getAccountInfo().then(
      () => true,
      () => false,
    );
    failed = answers ? 0 : failed + 1;
    const off = failed >= IN_A_ROW;
    const { bavail, bsize } = await statfs(folder);
    const room = bavail * bsize >= ROOM_BYTES;
    // A refusal from before there was room proves nothing.
    const stuck = refused && hadRoom;
    hadRoom = room;
    if (answers && !refused) told = false;
    if (!room && (off || refused)) {
      if (!told)
        say(`the disk that holds ${folder} is full and nothing can be stored: make room; it goes on by itself then`);
      told = true;
    }
    if (!room || !(off || stuck)) return;
    say('nats-server stores nothing although there is room on the disk again: starting it anew');
    failed = 0;
    hadRoom = false;
    await server.restart();
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

/** What was added to a file since the last call, 64 KiB at most; nothing at the first one, or where it cannot be read. */
function tail(file: string): () => Promise<string> {
  let at: number | undefined;
  return async () => {
    const handle = await open(file, 'r').catch(() => undefined);
    if (!handle) return '';
    try {
      const { size } = await handle.stat();
      const from = Math.max(at === undefined || at > size ? size : at, size - 65_536);
      at = size;
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - from), 0, size - from, from);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  };
}
