// The encoder's thread: loads the model, answers batches one after the other, ends when told.
// Started by onnx-thread.ts only.
import { parentPort, workerData } from 'node:worker_threads';
import { loadOnnxModel, type OnnxModel } from './onnx-model.js';
import type { ThreadSettings } from './onnx-thread.js';
import { errorToWire, type FromThread, type ToThread } from './onnx-wire.js';

const port = parentPort;
if (!port) throw new Error('onnx-worker.js runs in a worker thread only');

const say = (message: FromThread, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

async function answer(model: OnnxModel, call: number, texts: readonly string[]): Promise<void> {
  try {
    const vectors = await model.encode(texts);
    say({ kind: 'vectors', call, vectors }, [vectors.buffer as ArrayBuffer]);
  } catch (error) {
    say({ kind: 'refused', call, error: errorToWire(error) });
  }
}

try {
  const settings = workerData as ThreadSettings;
  const model = await loadOnnxModel(settings.folder, settings);
  let turn: Promise<void> = Promise.resolve();
  port.on('message', (message: ToThread) => {
    turn = turn.then(async () => {
      if (message.kind === 'encode') return answer(model, message.call, message.texts);
      await model.release();
      port.close();
    });
  });
  say({ kind: 'ready', id: model.id, dimensions: model.dimensions });
} catch (error) {
  say({ kind: 'failed', error: errorToWire(error) });
}
