// Writing a model folder that `loadModel` accepts: the ONNX file, and a manifest with probes answered by that very file.
// The one thing to know: the manifest is written last and by rename, so that a folder without one is no model yet.
import { createHash } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { inspectOnnx } from './inspect.js';
import { SESSION_OPTIONS, toFeeds } from './load.js';
import { MANIFEST_FILE, MANIFEST_VERSION, type ModelManifest, type ProbeTensor } from './manifest.js';

export interface SaveRequest
  extends Pick<ModelManifest, 'family' | 'labels' | 'encoder' | 'dimensions' | 'data' | 'metrics'> {
  onnx: Uint8Array;
  /** Inputs to be answered now and again at every load. */
  probes: Record<string, ProbeTensor>[];
  /** Outputs whose answers are kept. */
  probeOutputs: readonly string[];
  /** Default: 1e-4. */
  tolerance?: number;
  /** Further fields of the manifest. */
  extra?: Record<string, unknown>;
}

/** Writes `model.onnx` and `manifest.json` into `folder`, and answers the manifest. */
export async function saveModel(folder: string, request: SaveRequest): Promise<ModelManifest> {
  const summary = inspectOnnx(request.onnx);
  const session = await InferenceSession.create(request.onnx, SESSION_OPTIONS);
  const probes: ModelManifest['probes'] = [];
  for (const inputs of request.probes) {
    const answers = await session.run(toFeeds(inputs), request.probeOutputs as string[]);
    const outputs = Object.entries(answers).map(([name, { dims, data }]) => [
      name,
      { shape: [...dims], values: Array.from(data as Float32Array) },
    ]);
    probes.push({ inputs, outputs: Object.fromEntries(outputs) });
  }
  await session.release();
  const manifest: ModelManifest = {
    ...request.extra,
    format: MANIFEST_VERSION,
    family: request.family,
    file: 'model.onnx',
    bytes: request.onnx.length,
    sha256: createHash('sha256').update(request.onnx).digest('hex'),
    opset: summary.opset,
    inputs: summary.inputs,
    outputs: summary.outputs,
    labels: request.labels,
    encoder: request.encoder,
    dimensions: request.dimensions,
    data: request.data,
    metrics: request.metrics,
    createdAt: new Date().toISOString(),
    probes,
    tolerance: request.tolerance ?? 1e-4,
  };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, manifest.file), request.onnx);
  const pending = join(folder, `${MANIFEST_FILE}.new`);
  await writeFile(pending, `${JSON.stringify(manifest)}\n`);
  await rename(pending, join(folder, MANIFEST_FILE));
  return manifest;
}
