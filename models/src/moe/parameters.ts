// The network's parameters at birth, and their way between plain arrays and tensors.
// The one thing to know: the fresh network IS nearest-description search. Projection and description share one
// orthonormal matrix, so h·e starts as the cosine; training only has to improve on that.
import type { Matrix } from '../backend/index.js';
import { HISTORY_WIDTH } from './history.js';
import { WIDTH } from './network.js';

/** Shapes by name for an encoder of `dimensions`. A scalar is [1, 1], so that every parameter broadcasts alike. */
export function parameterShapes(dimensions: number): Record<string, [number, number]> {
  const { task, attention, context, success, confidence } = WIDTH;
  return {
    'project.w': [dimensions, task],
    'project.b': [1, task],
    'describe.w': [dimensions, task],
    'describe.b': [1, task],
    'hidden.gain': [1, task],
    'hidden.b': [1, task],
    'query.w': [task, attention],
    'key.w': [task, attention],
    'key.b': [1, attention],
    'residual.scale': [1, 1],
    'context.w': [HISTORY_WIDTH, context],
    'context.b': [1, context],
    'context.task': [task, context],
    'context.route': [1, context],
    'success.task': [task, success],
    'success.master': [task, success],
    'success.contextTask': [task, context],
    'success.context': [1, context],
    'success.route': [1, 1],
    'success.b': [1, 1],
    'success.scale': [1, 1],
    'success.shift': [1, 1],
    'confidence.w1': [confidence, 8],
    'confidence.b1': [1, 8],
    'confidence.w2': [8, 1],
    'confidence.b2': [1, 1],
    temperature: [1, 1],
    newcomer: [1, task + 1],
  };
}

const CONSTANT: Record<string, number> = {
  'hidden.gain': Math.sqrt(WIDTH.task),
  'residual.scale': Math.log(10),
  temperature: 1,
  'success.scale': 1,
};

/** Fresh parameters. The same seed gives the same numbers on every backend. */
export function freshParameters(dimensions: number, random: () => number): Record<string, Matrix> {
  const parameters: Record<string, Matrix> = {};
  const projection = orthonormalRows(dimensions, WIDTH.task, random);
  for (const [name, shape] of Object.entries(parameterShapes(dimensions))) {
    const size = shape[0] * shape[1];
    let values = new Float32Array(size).fill(CONSTANT[name] ?? 0);
    if (name === 'project.w' || name === 'describe.w') values = projection.slice();
    // Attention and the confidence head's correction start at zero: nothing is said before rows ask for it.
    else if (shape[0] > 1 && name !== 'query.w' && name !== 'confidence.w2') {
      const spread = Math.sqrt(1 / shape[0]);
      values = Float32Array.from({ length: size }, () => gaussian(random) * spread);
    }
    parameters[name] = { shape: [...shape], values };
  }
  return parameters;
}

/** Rows of length `columns`, orthonormal (Gram–Schmidt) as far as `rows ≤ columns`; further rows are random unit vectors. */
function orthonormalRows(rows: number, columns: number, random: () => number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    const row = Float64Array.from({ length: columns }, () => gaussian(random));
    for (let p = 0; p < Math.min(r, columns - 1) && rows <= columns; p++) {
      let dot = 0;
      for (let c = 0; c < columns; c++) dot += row[c]! * out[p * columns + c]!;
      for (let c = 0; c < columns; c++) row[c]! -= dot * out[p * columns + c]!;
    }
    const norm = Math.hypot(...row);
    for (let c = 0; c < columns; c++) out[r * columns + c] = row[c]! / norm;
  }
  return out;
}

function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
