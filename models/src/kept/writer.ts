// The store in a thread of its own: writing parquet takes about 0.2 ms a message, during which an actor in the same process must go on answering.
import { Worker } from 'node:worker_threads';
import type { Placed } from './parts.js';
import type { StoredMessage } from './rows.js';
import type { Kept } from './store.js';
import type { FromWriter, ToWriter } from './writer-thread.js';

/** Thrown when what was given could not be written; nothing of it may be taken as kept. */
export class KeptWriteFailed extends Error {
  override readonly name = 'KeptWriteFailed';
  constructor(
    readonly folder: string,
    readonly problem: string,
    /** Of the file system, such as ENOSPC. */
    readonly code: string | undefined,
  ) {
    super(`training data cannot be written to ${folder}: ${problem}`);
  }
}

export interface KeptWriter {
  /** Resolves when every row is on disk for good. Throws {@link KeptWriteFailed}. */
  put(messages: readonly StoredMessage[], rows?: readonly Placed[]): Promise<Kept>;
  /** Waits for what is under way, then ends the thread. */
  close(): Promise<void>;
}

// The compiled file, from `src` (tests) as from `dist`: threads cannot run TypeScript.
const THREAD_FILE = new URL('../../dist/kept/writer-thread.js', import.meta.url);

/** A thread that dies is started anew with the next `put`. One writer a folder. */
export function startKeptWriter(
  folder: string,
  onDamaged: (file: string, problem: string) => void = () => {},
): KeptWriter {
  const calls = new Map<number, { resolve(kept: Kept): void; reject(error: Error): void }>();
  let worker: Worker | undefined;
  let last = 0;

  function thread(): Worker {
    if (worker) return worker;
    const started = new Worker(THREAD_FILE, { workerData: { folder }, name: 'recorder' });
    worker = started;
    // An idle writer does not keep a program alive.
    started.unref();
    const lost = (problem: string) => {
      if (worker !== started) return;
      worker = undefined;
      for (const call of calls.values()) call.reject(new KeptWriteFailed(folder, problem, undefined));
      calls.clear();
    };
    started.on('error', (error) => lost(error instanceof Error ? error.message : String(error)));
    started.on('exit', (code) => lost(`its thread ended with code ${code}`));
    started.on('message', (message: FromWriter) => {
      if (message.kind === 'damaged') return onDamaged(message.file, message.message);
      const call = calls.get(message.call);
      calls.delete(message.call);
      if (message.kind === 'done') call?.resolve(message.kept);
      else call?.reject(new KeptWriteFailed(folder, message.message, message.code));
    });
    return started;
  }

  return {
    put: (messages, rows = []) =>
      new Promise((resolve, reject) => {
        const call = ++last;
        calls.set(call, { resolve, reject });
        const { packed, buffer } = pack(messages);
        thread().postMessage({ call, messages: packed, rows } satisfies ToWriter, [buffer]);
      }),
    async close() {
      while (calls.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
      const ending = worker;
      worker = undefined;
      await ending?.terminate();
    },
  };
}

/** Their bytes in one buffer that is handed over, not cloned: views of received data would each drag the whole chunk along. */
function pack(messages: readonly StoredMessage[]): { packed: StoredMessage[]; buffer: ArrayBuffer } {
  const all = new Uint8Array(messages.reduce((sum, { data }) => sum + data.length, 0));
  let end = 0;
  const packed = messages.map((message) => {
    const start = end;
    all.set(message.data, start);
    end += message.data.length;
    return { ...message, data: all.subarray(start, end) };
  });
  return { packed, buffer: all.buffer };
}
