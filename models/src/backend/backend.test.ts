import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { chooseBackend, describeBackend, NoBackendError } from './backend.js';

const door = new URL('../../dist/backend/index.js', import.meta.url).href;

/** Runs the ladder in a fresh process that finds the packages of `folder` beside the installed ones. */
async function climbWith(folder: string, among: string[]) {
  const script = `const { chooseBackend } = await import(${JSON.stringify(door)});
    const { name, device, refused } = await chooseBackend({ among: ${JSON.stringify(among)} });
    console.log(JSON.stringify({ name, device, refused }));`;
  const env = { ...process.env, NODE_PATH: folder };
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env });
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as {
    name: string;
    device: string;
    refused: { name: string; reason: string }[];
  };
}

it('takes WebAssembly before plain JavaScript, and multiplies on it', async () => {
  const choice = await chooseBackend({ among: ['wasm', 'cpu'] });
  expect(choice).toMatchObject({ name: 'wasm', device: 'cpu', refused: [] });
  const { tf } = choice;
  const product = tf.tidy(() => tf.matMul(tf.ones([2, 3]), tf.ones([3, 2])).dataSync());
  expect([...product]).toEqual([3, 3, 3, 3]);
  expect(tf.getBackend()).toBe('wasm');
});

it('says of a native addon that is there but broken why it was not taken, and goes on', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cortex-ladder-'));
  try {
    const broken = join(folder, '@tensorflow', 'tfjs-node-gpu');
    await mkdir(broken, { recursive: true });
    await writeFile(join(broken, 'index.js'), "throw new Error('libcudart.so.11.0: cannot open shared object file')");
    const { name, refused } = await climbWith(folder, ['tfjs-node-gpu', 'wasm']);
    expect(name).toBe('wasm');
    expect(refused).toHaveLength(1);
    expect(refused[0]!.reason).toContain('native library does not load (libcudart.so.11.0');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it('does not take an addon that computes nonsense', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cortex-ladder-'));
  try {
    const wrong = join(folder, '@tensorflow', 'tfjs-node-gpu');
    await mkdir(wrong, { recursive: true });
    const tensor = '{ dataSync: () => Float32Array.of(0, 0, 0, 0) }';
    const fake = `module.exports = { setBackend: async () => true, backend: () => ({ isUsingGpuDevice: true }),
      tidy: (f) => f(), tensor2d: () => 0, matMul: () => (${tensor}) }`;
    await writeFile(join(wrong, 'index.js'), fake);
    const { name, refused } = await climbWith(folder, ['tfjs-node-gpu', 'cpu']);
    expect(name).toBe('cpu');
    expect(refused[0]!.reason).toContain('product came out as [0,0,0,0]');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it('names what it is, where it runs and what was not taken', () => {
  const tf = {} as never;
  const refused = [{ name: 'tfjs-node' as const, reason: '@tensorflow/tfjs-node is not installed' }];
  expect(describeBackend({ name: 'wasm', tf, device: 'cpu', version: '4.22.0', refused })).toBe(
    'TensorFlow.js 4.22.0 on wasm (cpu); not taken: tfjs-node: @tensorflow/tfjs-node is not installed',
  );
});

it('refuses by name when no rung holds', async () => {
  await expect(chooseBackend({ among: [] })).rejects.toBeInstanceOf(NoBackendError);
});
