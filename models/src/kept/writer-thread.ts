// The thread that turns messages into rows and rows into files. Compiled and started by `writer.ts`.
import { parentPort, workerData } from 'node:worker_threads';
import type { Placed } from './parts.js';
import { rowsOf, type StoredMessage } from './rows.js';
import { type Kept, KeptStore } from './store.js';

export interface ToWriter {
  readonly call: number;
  readonly messages: readonly StoredMessage[];
  readonly rows: readonly Placed[];
}
export type FromWriter =
  | { readonly kind: 'done'; readonly call: number; readonly kept: Kept }
  | { readonly kind: 'failed'; readonly call: number; readonly message: string; readonly code?: string | undefined }
  | { readonly kind: 'damaged'; readonly file: string; readonly message: string };

const port = parentPort;
if (!port) throw new Error('writer-thread.js runs in a thread of startKeptWriter');
const say = (message: FromWriter) => port.postMessage(message);
const { folder } = workerData as { folder: string };
const store = new KeptStore(folder, {
  onDamaged: (file, error) => say({ kind: 'damaged', file, message: error.message }),
});
let turn: Promise<void> = store.tidy();

port.on('message', ({ call, messages, rows }: ToWriter) => {
  turn = turn.then(async () => {
    try {
      const kept = await store.put([...messages.flatMap(rowsOf), ...rows]);
      say({ kind: 'done', call, kept });
    } catch (thrown) {
      const error = thrown as NodeJS.ErrnoException;
      say({ kind: 'failed', call, message: error.message, code: error.code });
    }
  });
});
