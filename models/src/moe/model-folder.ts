// The router network on disk: one ONNX file with its manifest, written after training, read before serving.
// The one thing to know: probes are made from the masters themselves, so no training text leaves in a model.
import { createHash } from 'node:crypto';
import { InferenceSession } from 'onnxruntime-node';
import { seededRandom } from '../metrics/index.js';
import { loadModel, type ModelManifest, type ProbeTensor, SESSION_OPTIONS, saveModel } from '../onnx/index.js';
import { encodedColumns, exportMoe } from './export.js';
import { HISTORY_WIDTH, writeHistory } from './history.js';
import { WIDTH } from './network.js';
import { MOE_INPUTS, MOE_OUTPUTS, MoeSession } from './session.js';
import type { MoeModel, MoeRow } from './types.js';

export interface SaveMoeOptions {
  /** Id of the encoder that made the vectors. */
  encoder: string;
  /** From `fingerprintRows`, or any other hash of the data. */
  fingerprint: string;
  /** Further figures for the manifest. */
  metrics?: Record<string, number | null>;
}

/** Writes the network into `folder` as `loadMoe` reads it. */
export async function saveMoe(folder: string, model: MoeModel, options: SaveMoeOptions): Promise<ModelManifest> {
  const { report, dimensions } = model;
  const { accuracy = null, logLoss = null, successLogLoss = null } = report.heldOut ?? {};
  return saveModel(folder, {
    family: 'router',
    onnx: exportMoe(model),
    labels: model.masters.map((master) => master.name),
    encoder: options.encoder,
    dimensions,
    data: { fingerprint: options.fingerprint, rows: report.rows },
    metrics: {
      held_out_accuracy: accuracy,
      held_out_log_loss: logLoss,
      held_out_success_log_loss: successLogLoss,
      ...options.metrics,
    },
    probes: probesOf(model),
    probeOutputs: ['logits', 'probabilities', 'success', 'confidence'],
    extra: { knows_success: model.knowsSuccess, knows_history: model.knowsHistory, training: report },
  });
}

export interface LoadMoeExpectations {
  /** Default: not checked. */
  encoder?: string;
  dimensions?: number;
  /** Masters that the model must have been trained with. Default: any, since unknown ones go by description. */
  labels?: readonly string[];
}

/** A network that may serve. */
export interface ServedMoe {
  session: MoeSession;
  /** Absent when it was not loaded from a folder. */
  manifest?: ModelManifest;
  /** Learned rows of the masters it was trained with, 513 numbers each, and their descriptions. */
  known: Map<string, { learned: Float32Array; description: Float32Array }>;
  /** The learned row of every master it was not trained with. */
  newcomer: Float32Array;
  knowsSuccess: boolean;
  /** Whether histories mean anything to it. */
  knowsHistory: boolean;
}

/** @throws ModelRefusedError, one class a reason. */
export async function loadMoe(folder: string, expected: LoadMoeExpectations = {}): Promise<ServedMoe> {
  const { session, manifest } = await loadModel(folder, {
    ...expected,
    family: 'router',
    inputs: MOE_INPUTS,
    outputs: MOE_OUTPUTS,
  });
  const moe = new MoeSession(session, manifest.dimensions);
  return {
    ...(await withMasters(moe, manifest.labels)),
    manifest,
    knowsSuccess: manifest.knows_success === true,
    knowsHistory: manifest.knows_history === true,
  };
}

/** A network just trained, at work without a file: through the same exported graph. */
export async function serveMoe(model: MoeModel): Promise<ServedMoe> {
  const moe = new MoeSession(await InferenceSession.create(exportMoe(model), SESSION_OPTIONS), model.dimensions);
  const names = model.masters.map((master) => master.name);
  return { ...(await withMasters(moe, names)), knowsSuccess: model.knowsSuccess, knowsHistory: model.knowsHistory };
}

async function withMasters(session: MoeSession, names: readonly string[]) {
  const { dimensions } = session;
  const { described, learned, newcomer } = await session.knownMasters();
  const width = WIDTH.task + 1;
  const known = new Map(
    names.map((name, i) => [
      name,
      {
        learned: learned.slice(i * width, (i + 1) * width),
        description: described.slice(i * dimensions, (i + 1) * dimensions),
      },
    ]),
  );
  return { session, known, newcomer };
}

/** sha256 over labels, outcomes, histories and vectors, in order. */
export function fingerprintRows(rows: readonly MoeRow[]): string {
  const hash = createHash('sha256');
  for (const { vector, label, outcome, history } of rows) {
    hash.update(JSON.stringify([label ?? null, label === undefined, outcome ?? null, history ?? null]));
    hash.update(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength));
  }
  return hash.digest('hex');
}

/** Two questions that pass every operator: some masters known and one new, with and without history; and one master alone. */
function probesOf({ masters, learned, weights, dimensions }: MoeModel): Record<string, ProbeTensor>[] {
  const random = seededRandom(7);
  const width = WIDTH.task + 1;
  const probe = (batch: number, count: number) => {
    const described = new Float32Array(count * dimensions);
    const rows = new Float32Array(count * width);
    for (let i = 0; i < count; i++) {
      const master = masters[i];
      rows.set(master ? learned.values.subarray(i * width, (i + 1) * width) : weights.newcomer!.values, i * width);
      described.set(master?.description ?? masters[0]!.description.toReversed(), i * dimensions);
    }
    const history = new Float32Array(batch * count * HISTORY_WIDTH);
    writeHistory(history, 0, { success: 0.75, minutes: 12, tokens: 9000, load: 0.5, freshnessHours: 3, tasks: 40 });
    const task = Array.from(
      { length: batch * dimensions },
      (_, i) => 0.7 * masters[0]!.description[i % dimensions]! + 0.03 * (random() - 0.5),
    );
    return {
      task: { shape: [batch, dimensions], values: task },
      described: { shape: [count, dimensions], values: [...described] },
      learned: { shape: [count, width], values: [...rows] },
      encoded: { shape: [0, encodedColumns(dimensions).all], values: [] },
      history: { shape: [batch, count, HISTORY_WIDTH], values: [...history] },
    };
  };
  return [probe(2, Math.min(3, masters.length + 1)), probe(1, 1)];
}
