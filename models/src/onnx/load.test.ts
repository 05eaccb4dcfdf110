import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ExternalDataError,
  ManifestInvalidError,
  ModelFileMissingError,
  ModelForOthersError,
  ModelRefusedError,
  ModelTamperedError,
  ModelUnreadableError,
  ProbeMismatchError,
  ProbeNotFiniteError,
  SignatureMismatchError,
} from './errors.js';
import { GraphBuilder } from './graph.js';
import { type LoadExpectations, loadModel } from './load.js';
import type { ModelManifest } from './manifest.js';
import { decodeModel, EXTERNAL, encodeModel, type ModelMessage } from './proto.js';
import { saveModel } from './save.js';

const EXPECTED: LoadExpectations = { family: 'toy', encoder: 'enc', dimensions: 3, labels: ['a', 'b'], outputs: ['y'] };
let folder: string;

/** y = log(x·W): NaN for inputs that make the product negative. */
function toyGraph(weights = [1, 2, 3, 4, 5, 6]): Uint8Array {
  const g = new GraphBuilder('toy');
  g.input('x', ['batch', 3]);
  g.node('Log', [g.node('MatMul', ['x', g.constant('w', [3, 2], Float32Array.from(weights))])], {}, 'y');
  g.output('y', ['batch', 2]);
  return g.build({ made: 'for a test' });
}

const save = (onnx: Uint8Array) =>
  saveModel(folder, {
    family: 'toy',
    onnx,
    labels: ['a', 'b'],
    encoder: 'enc',
    dimensions: 3,
    data: { fingerprint: 'f', rows: 10 },
    metrics: { accuracy: 0.9 },
    probes: [{ x: { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] } }],
    probeOutputs: ['y'],
  });

async function editManifest(change: (manifest: ModelManifest) => void): Promise<void> {
  const path = join(folder, 'manifest.json');
  const manifest = JSON.parse(await readFile(path, 'utf8')) as ModelManifest;
  change(manifest);
  await writeFile(path, JSON.stringify(manifest));
}

/** Writes another ONNX file with a manifest that vouches for it, so that only the contents can be at fault. */
async function replaceOnnx(bytes: Uint8Array): Promise<void> {
  await writeFile(join(folder, 'model.onnx'), bytes);
  await editManifest((manifest) => {
    manifest.sha256 = createHash('sha256').update(bytes).digest('hex');
    manifest.bytes = bytes.length;
  });
}

async function editOnnx(change: (model: ModelMessage) => void): Promise<void> {
  const model = decodeModel(await readFile(join(folder, 'model.onnx')));
  change(model);
  await replaceOnnx(encodeModel(model));
}

/** The refusal, which is always a ModelRefusedError that names the folder. */
async function refusal(expected = EXPECTED): Promise<ModelRefusedError> {
  const error = await loadModel(folder, expected).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ModelRefusedError);
  expect((error as Error).message).toContain(folder);
  return error as ModelRefusedError;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cortex-onnx-'));
  await save(toyGraph());
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a model folder', () => {
  it('that is whole is loaded, with what its file says about itself', async () => {
    const loaded = await loadModel(folder, EXPECTED);
    expect(loaded.manifest).toMatchObject({ opset: 17, labels: ['a', 'b'], metrics: { accuracy: 0.9 } });
    expect(loaded.metadata).toEqual({ made: 'for a test' });
  });

  it('without a manifest or without the file is refused by the name of what is missing', async () => {
    await unlink(join(folder, 'model.onnx'));
    expect(await refusal()).toMatchObject({ constructor: ModelFileMissingError, file: 'model.onnx' });
    await unlink(join(folder, 'manifest.json'));
    expect(await refusal()).toMatchObject({ constructor: ModelFileMissingError, file: 'manifest.json' });
  });

  it('with a manifest that is cut, of another format, or that names a file elsewhere is refused', async () => {
    await editManifest((manifest) => {
      manifest.file = '../outside.onnx';
    });
    expect(await refusal()).toBeInstanceOf(ManifestInvalidError);
    await editManifest((manifest) => Object.assign(manifest, { file: 'model.onnx', format: 2 }));
    expect((await refusal()).message).toContain('format');
    await writeFile(join(folder, 'manifest.json'), '{"format": 1, ');
    expect(await refusal()).toMatchObject({ constructor: ManifestInvalidError, reason: 'not JSON' });
  });

  it('whose file was cut short or changed by one bit is refused', async () => {
    const bytes = await readFile(join(folder, 'model.onnx'));
    await writeFile(join(folder, 'model.onnx'), bytes.subarray(0, 100));
    expect(await refusal()).toBeInstanceOf(ModelTamperedError);
    expect((await refusal()).message).toContain(`100 of ${bytes.length} bytes`);
    bytes[bytes.length - 20]! ^= 1;
    await writeFile(join(folder, 'model.onnx'), bytes);
    expect(await refusal()).toBeInstanceOf(ModelTamperedError);
  });

  it('whose bytes are no ONNX model is refused even when the hash is right', async () => {
    await replaceOnnx(Buffer.from('this is not a model at all'));
    expect(await refusal()).toBeInstanceOf(ModelUnreadableError);
    await replaceOnnx(toyGraph().subarray(0, 60));
    expect(await refusal()).toBeInstanceOf(ModelUnreadableError);
  });

  it('with a graph the runtime cannot build is refused', async () => {
    await editOnnx((model) => {
      model.graph!.node![0]!.opType = 'NoSuchOperator';
    });
    expect(await refusal()).toBeInstanceOf(ModelUnreadableError);
  });

  it('whose tensors live in another file is refused, in the open and inside an attribute', async () => {
    const elsewhere = { dataLocation: EXTERNAL, externalData: [{ key: 'location', value: '/etc/passwd' }] };
    const original = await readFile(join(folder, 'model.onnx'));
    await editOnnx((model) => {
      Object.assign(model.graph!.initializer![0]!, elsewhere, { rawData: undefined });
    });
    expect(await refusal()).toMatchObject({ constructor: ExternalDataError, tensor: 'w', location: '/etc/passwd' });
    await replaceOnnx(original);
    await editOnnx((model) => {
      const value = { name: 'hidden', dims: [1], dataType: 1, ...elsewhere };
      const node = { opType: 'Constant', output: ['c'], attribute: [{ name: 'value', type: 4, t: value }] };
      const branch = { name: 'inner', node: [node], output: [] };
      model.graph!.node!.push({
        opType: 'If',
        input: ['x'],
        output: [],
        attribute: [{ name: 'then_branch', type: 5, g: branch }],
      });
    });
    expect(await refusal()).toMatchObject({ constructor: ExternalDataError, tensor: 'hidden' });
  });

  it('of another operator set, or with other inputs, outputs or shapes, is refused', async () => {
    const original = await readFile(join(folder, 'model.onnx'));
    await editOnnx((model) => {
      model.opsetImport![0]!.version = 12;
    });
    expect(await refusal()).toMatchObject({ constructor: SignatureMismatchError, part: 'opset' });
    await replaceOnnx(original);
    await editManifest((manifest) => {
      manifest.inputs[0]!.shape = ['batch', 4];
    });
    expect(await refusal()).toMatchObject({
      constructor: SignatureMismatchError,
      part: 'input x',
      found: '["batch",3]',
    });
    await editManifest((manifest) => {
      manifest.inputs[0]!.shape = ['batch', 3];
    });
    expect(await refusal({ ...EXPECTED, outputs: ['z'] })).toMatchObject({ part: 'output z' });
    await editManifest((manifest) => {
      manifest.probes[0]!.inputs.x = { shape: [2, 2], values: [1, 2, 3, 4] };
    });
    expect(await refusal()).toBeInstanceOf(SignatureMismatchError);
  });

  it('that answers a probe with NaN is refused', async () => {
    await replaceOnnx(toyGraph([-1, -2, -3, -4, -5, -6]));
    expect(await refusal()).toMatchObject({ constructor: ProbeNotFiniteError, probe: 0, output: 'y' });
  });

  it('that answers a probe otherwise than when it was exported is refused', async () => {
    await replaceOnnx(toyGraph([1, 2, 3, 4, 5, 6.1]));
    expect(await refusal()).toMatchObject({ constructor: ProbeMismatchError, output: 'y', tolerance: 1e-4 });
    await save(toyGraph());
    await editManifest((manifest) => {
      manifest.probes[0]!.outputs.y!.values.pop();
    });
    expect(await refusal()).toBeInstanceOf(ProbeMismatchError);
  });

  it('made for another family, encoder, vector length or labels is refused', async () => {
    const part = async (change: Partial<LoadExpectations>) => {
      const error = await refusal({ ...EXPECTED, ...change });
      expect(error).toBeInstanceOf(ModelForOthersError);
      return (error as ModelForOthersError).part;
    };
    expect(await part({ family: 'other' })).toBe('family');
    expect(await part({ encoder: 'other' })).toBe('encoder');
    expect(await part({ dimensions: 4 })).toBe('dimensions');
    expect(await part({ labels: ['a', 'c'] })).toBe('labels');
  });
});
