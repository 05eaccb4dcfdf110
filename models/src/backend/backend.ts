// TensorFlow.js by a ladder: CUDA addon, native addon, WebAssembly, plain JavaScript. The first rung that holds is taken.
// The one thing to know: the native rungs bring their own copy of the library, so always use `choice.tf`, never an import of your own.
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import type * as TensorFlow from '@tensorflow/tfjs';

/** The functions of TensorFlow.js, whichever package they came from. */
export type Tf = typeof TensorFlow;

/** The rungs, fastest first. */
export const BACKENDS = ['tfjs-node-gpu', 'tfjs-node', 'wasm', 'cpu'] as const;
export type BackendName = (typeof BACKENDS)[number];

export interface BackendChoice {
  name: BackendName;
  tf: Tf;
  /** Where the arithmetic runs. The CUDA addon without a visible GPU computes on the CPU, and says so here. */
  device: 'gpu' | 'cpu';
  /** Version of TensorFlow.js. */
  version: string;
  /** Every rung tried before, with the reason why it was not taken. */
  refused: { name: BackendName; reason: string }[];
}

export interface BackendOptions {
  /** Rungs to try, in this order. Default: all of `BACKENDS`. */
  among?: readonly BackendName[];
}

/** No rung held. `refused` says why, rung by rung. */
export class NoBackendError extends Error {
  readonly code = 'no-backend';
  constructor(readonly refused: BackendChoice['refused']) {
    super(`No TensorFlow.js backend could be started: ${refused.map((r) => `${r.name}: ${r.reason}`).join('; ')}`);
    this.name = 'NoBackendError';
  }
}

const load = createRequire(import.meta.url);
let chosen: { key: string; choice: Promise<BackendChoice> } | undefined;

/**
 * Starts the first rung that holds. Asked again with the same options, answers the same choice: a process has one backend.
 * @throws NoBackendError when none of `among` could be started.
 */
export function chooseBackend(options: BackendOptions = {}): Promise<BackendChoice> {
  const key = (options.among ?? BACKENDS).join();
  if (chosen?.key !== key) chosen = { key, choice: climb(options) };
  return chosen.choice;
}

async function climb(options: BackendOptions): Promise<BackendChoice> {
  const refused: BackendChoice['refused'] = [];
  for (const name of options.among ?? BACKENDS) {
    try {
      return { ...(await start(name)), name, refused };
    } catch (error) {
      refused.push({ name, reason: reasonOf(name, error) });
    }
  }
  throw new NoBackendError(refused);
}

type Started = Pick<BackendChoice, 'tf' | 'device' | 'version'>;

function start(name: BackendName): Promise<Started> {
  if (name === 'wasm') return startWasm();
  if (name === 'cpu') return startCpu();
  return startNative(name);
}

interface NativeKernels {
  isUsingGpuDevice?: boolean;
}

async function startNative(name: 'tfjs-node-gpu' | 'tfjs-node'): Promise<Started> {
  const tf = load(`@tensorflow/${name}`) as Tf;
  if (!(await tf.setBackend('tensorflow'))) throw new Error('the native backend did not start');
  const usesGpu = (tf.backend() as unknown as NativeKernels).isUsingGpuDevice === true;
  prove(tf);
  return { tf, device: usesGpu ? 'gpu' : 'cpu', version: tf.version_core };
}

/** SIMD on the calling thread. The package refuses threads under Node (forcing its flag leaves the module uninitialised). */
async function startWasm(): Promise<Started> {
  const tf = load('@tensorflow/tfjs') as Tf;
  const wasm = load('@tensorflow/tfjs-backend-wasm') as typeof import('@tensorflow/tfjs-backend-wasm');
  wasm.setWasmPaths(join(dirname(load.resolve('@tensorflow/tfjs-backend-wasm')), sep));
  if (!(await tf.setBackend('wasm'))) throw new Error('the WebAssembly module did not start');
  prove(tf);
  return { tf, device: 'cpu', version: tf.version_core };
}

async function startCpu(): Promise<Started> {
  const tf = load('@tensorflow/tfjs') as Tf;
  if (!(await tf.setBackend('cpu'))) throw new Error('the JavaScript backend did not start');
  prove(tf);
  return { tf, device: 'cpu', version: tf.version_core };
}

/** A backend that loads may still compute nothing (a missing instruction set): it must multiply before it serves. */
function prove(tf: Tf): void {
  const product = tf.tidy(() =>
    tf.matMul(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor2d([5, 6, 7, 8], [2, 2])).dataSync(),
  );
  if (product.join() !== '19,22,43,50') throw new Error(`a 2×2 product came out as [${product.join()}]`);
}

function reasonOf(name: BackendName, error: unknown): string {
  const code = (error as { code?: string }).code;
  if (code === 'MODULE_NOT_FOUND') return `@tensorflow/${name} is not installed`;
  const [first] = (error instanceof Error ? error.message : String(error)).split('\n');
  if (/cannot open shared object|\.node'?$|Could not find module|napi/i.test(first ?? '')) {
    return `its native library does not load (${first})`;
  }
  return first ?? 'unknown reason';
}

/** One line for a log or `doctor`: what was taken and why not a faster one. */
export function describeBackend(choice: BackendChoice): string {
  const refused = choice.refused.map((r) => `${r.name}: ${r.reason}`).join('; ');
  return `TensorFlow.js ${choice.version} on ${choice.name} (${choice.device})${refused ? `; not taken: ${refused}` : ''}`;
}
