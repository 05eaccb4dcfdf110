// The other side of the encoder's thread: starts it, hands it texts, notices when it dies.
// The one thing to know: a dead thread fails only the texts it had in hand; whoever owns this starts a new one.
import { Worker } from 'node:worker_threads';
import { EncoderClosed, EncoderCrashed, type EncoderError } from './errors.js';
import type { OnnxModelOptions } from './onnx-model.js';
import { errorFromWire, type FromThread, type ToThread } from './onnx-wire.js';

// The compiled file, from `src` (tests) as from `dist`: threads cannot run TypeScript.
const THREAD_FILE = new URL('../../dist/encoder/onnx-worker.js', import.meta.url);
/** A thread that does not end by itself when asked is ended after this long, in milliseconds. */
const CLOSE_LIMIT_MS = 5000;

export interface ThreadSettings extends OnnxModelOptions {
  folder: string;
}

interface Call {
  resolve(vectors: Float32Array[]): void;
  reject(error: EncoderError): void;
}

export class OnnxThread {
  private readonly calls = new Map<number, Call>();
  private lastCall = 0;
  private closing = false;
  private gone: EncoderCrashed | undefined;

  private constructor(
    private readonly worker: Worker,
    readonly id: string,
    readonly dimensions: number,
  ) {
    worker.on('message', (message: FromThread) => this.settle(message));
    worker.on('error', (error) => this.lose(error instanceof Error ? error.message : String(error)));
    worker.on('exit', (code) => this.lose(`exit code ${code}`));
    // An idle encoder does not keep a program alive.
    worker.unref();
  }

  /** @throws EncoderFileMissing, EncoderModelInvalid, EncoderShapeMismatch; EncoderCrashed when the thread dies loading */
  static start(settings: ThreadSettings): Promise<OnnxThread> {
    const worker = new Worker(THREAD_FILE, { workerData: settings, name: 'encoder' });
    return new Promise((resolve, reject) => {
      // Named and taken off one by one: `removeAllListeners` would also take off those the worker itself lives by.
      const answered = (message: FromThread) => {
        if (message.kind === 'ready') settle(() => resolve(new OnnxThread(worker, message.id, message.dimensions)));
        if (message.kind === 'failed') settle(() => reject(errorFromWire(message.error)));
      };
      const failed = (error: unknown) => settle(() => reject(new EncoderCrashed(String(error), { cause: error })));
      const ended = (code: number) => settle(() => reject(new EncoderCrashed(`exit code ${code} while loading`)));
      const settle = (done: () => void) => {
        worker.off('message', answered).off('error', failed).off('exit', ended);
        done();
      };
      worker.on('message', answered).on('error', failed).on('exit', ended);
    });
  }

  get alive(): boolean {
    return this.gone === undefined && !this.closing;
  }

  run(texts: readonly string[]): Promise<Float32Array[]> {
    if (this.closing) return Promise.reject(new EncoderClosed());
    if (this.gone) return Promise.reject(this.gone);
    const call = ++this.lastCall;
    return new Promise((resolve, reject) => {
      this.calls.set(call, { resolve, reject });
      this.worker.ref();
      this.worker.postMessage({ kind: 'encode', call, texts } satisfies ToThread);
    });
  }

  /** Lets the thread finish what it has in hand, free the model, and end. */
  async close(): Promise<void> {
    if (this.closing || this.gone) return;
    this.closing = true;
    const ended = new Promise<void>((resolve) => this.worker.once('exit', () => resolve()));
    this.worker.ref();
    this.worker.postMessage({ kind: 'close' } satisfies ToThread);
    const limit = setTimeout(() => void this.worker.terminate(), CLOSE_LIMIT_MS);
    await ended;
    clearTimeout(limit);
  }

  /** Ends the thread at once, as a crash would. */
  async kill(): Promise<void> {
    await this.worker.terminate();
  }

  private settle(message: FromThread): void {
    if (message.kind !== 'vectors' && message.kind !== 'refused') return;
    const call = this.calls.get(message.call);
    this.calls.delete(message.call);
    if (this.calls.size === 0 && !this.closing) this.worker.unref();
    if (message.kind === 'refused') call?.reject(errorFromWire(message.error));
    else call?.resolve(rowsOf(message.vectors, this.dimensions));
  }

  private lose(reason: string): void {
    this.gone ??= new EncoderCrashed(reason);
    const error = this.closing ? new EncoderClosed() : this.gone;
    for (const call of this.calls.values()) call.reject(error);
    this.calls.clear();
  }
}

/** Each row a vector of its own: a view would keep the whole batch in memory for as long as one of its vectors is kept. */
function rowsOf(vectors: Float32Array, dimensions: number): Float32Array[] {
  const rows: Float32Array[] = [];
  for (let from = 0; from < vectors.length; from += dimensions) rows.push(vectors.slice(from, from + dimensions));
  return rows;
}
