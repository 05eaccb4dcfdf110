// Made-up tasks for tests: each master owns a direction in space, its tasks lie around it.
// The one thing to know: everything follows from the seed, so a test's figures are the same on every machine.
import { seededRandom } from '../metrics/index.js';
import type { MoeMaster, MoeRow } from './types.js';

export function unitVector(dimensions: number, random: () => number, around?: Float32Array, noise = 1): Float32Array {
  const vector = Float32Array.from({ length: dimensions }, (_, i) => {
    const gaussian = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return (around?.[i] ?? 0) + (noise * gaussian) / Math.sqrt(dimensions);
  });
  const norm = Math.hypot(...vector);
  return vector.map((value) => value / norm);
}

/** Masters with descriptions near the middle of their tasks. */
export function syntheticMasters(count: number, dimensions: number, seed = 1): MoeMaster[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, i) => ({
    name: `master-${i}`,
    description: unitVector(dimensions, random),
  }));
}

/** `perMaster` tasks of each master, in turn. */
export function syntheticRows(masters: readonly MoeMaster[], perMaster: number, noise = 1, seed = 2): MoeRow[] {
  const random = seededRandom(seed);
  return Array.from({ length: perMaster }, () => masters).flatMap((all) =>
    all.map(({ name, description }) => ({
      vector: unitVector(description.length, random, description, noise),
      label: name,
    })),
  );
}
