// A version of the family `anomaly` as a folder: one checked ONNX model a kind of worker, each below `kind-N`.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { seededRandom } from '../../metrics/index.js';
import { loadModel, ManifestInvalidError, saveModel } from '../../onnx/index.js';
import {
  AUTOENCODER_INPUTS,
  AUTOENCODER_OUTPUTS,
  AutoencoderSession,
  exportAutoencoder,
} from '../autoencoder/index.js';
import type { TrainedKind } from './train.js';

export const ANOMALY_FAMILY = 'anomaly';

/** What the manifest holds beyond the usual. */
const factsSchema = z.object({
  kind: z.string().min(1),
  window: z.number().int().min(1),
  windowMs: z.number().positive(),
  scales: z.array(z.object({ middle: z.number(), spread: z.number().positive() })),
  counters: z.array(z.string()),
});

export interface LoadedKind {
  kind: string;
  session: AutoencoderSession;
  counters: ReadonlySet<string>;
  windowMs: number;
}

/** @param fingerprint sha256 of the telemetry it learned from. */
export async function saveAnomalies(folder: string, kinds: readonly TrainedKind[], fingerprint: string): Promise<void> {
  const random = seededRandom(1);
  for (const [i, { kind, model, counters, windowMs, rows, explained }] of kinds.entries()) {
    const cells = model.window * model.gauges.length;
    const known = Array.from({ length: cells }, () => (random() < 0.9 ? 1 : 0));
    const window = known.map((there) => there * (2 * random() - 1));
    await saveModel(join(folder, `kind-${i}`), {
      family: ANOMALY_FAMILY,
      labels: model.gauges,
      encoder: null,
      dimensions: cells,
      data: { fingerprint, rows },
      metrics: { held_out_loss: model.report.heldOutLoss, explained },
      onnx: exportAutoencoder(model),
      probes: [{ window: { shape: [1, cells], values: window }, known: { shape: [1, cells], values: known } }],
      probeOutputs: AUTOENCODER_OUTPUTS,
      tolerance: 1e-3,
      extra: { kind, window: model.window, windowMs, scales: model.scales, counters },
    });
  }
}

/** By kind. Throws ModelRefusedError where a model is not what it says. */
export async function loadAnomalies(folder: string): Promise<Map<string, LoadedKind>> {
  const kinds = new Map<string, LoadedKind>();
  const names = (await readdir(folder)).filter((name) => /^kind-\d+$/.test(name)).sort();
  if (!names.length) throw new ManifestInvalidError(folder, 'no kind of worker is in it');
  for (const name of names) {
    const place = join(folder, name);
    const { session, manifest } = await loadModel(place, {
      family: ANOMALY_FAMILY,
      inputs: AUTOENCODER_INPUTS,
      outputs: AUTOENCODER_OUTPUTS,
    });
    const facts = factsSchema.safeParse(manifest);
    if (!facts.success || facts.data.scales.length !== manifest.labels.length)
      throw new ManifestInvalidError(
        place,
        facts.error?.issues[0]?.path.join('.') ?? 'scales: not as many as there are gauges',
      );
    const { kind, window, windowMs, scales, counters } = facts.data;
    kinds.set(kind, {
      kind,
      session: new AutoencoderSession(session, { gauges: manifest.labels, window, scales }),
      counters: new Set(counters),
      windowMs,
    });
  }
  return kinds;
}
