// Routing alone, as libraries: the same training rows, the same texts one at a time, the same encoder file, in turns of one run.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { loadEncoder, seededRandom, trainRouter } from '@cortex/models';
import { readRows } from '../../harness/data.js';
import { quantile } from '../../harness/statistics.js';
import { semanticRouterPython } from './provide.js';

interface Row {
  readonly text: string;
  readonly label: string | null;
}

export interface RoutingFigures {
  readonly accuracy: number;
  /** Texts a second, one at a time, none seen before. */
  readonly per_second: number;
  /** The same where three in ten are repeats of the last hundred. */
  readonly repeats_per_second: number;
  readonly p50_ms: number;
  readonly encoder_p50_ms: number;
  readonly learn_seconds: number;
}

export interface RoutingPeers {
  readonly ours: RoutingFigures;
  readonly peer: RoutingFigures;
}

const TOKENS = 128;
const PEER = fileURLToPath(new URL('../../../src/bench/peers/semantic_router_peer.py', import.meta.url));

/** `folder` of clinc-intents; `each` rows a label to learn from, all when undefined; `count` test rows with a label. */
export async function routingPeers(
  folder: string,
  encoderFolder: string,
  { each, count, seed }: { readonly each: number | undefined; readonly count: number; readonly seed: number },
): Promise<RoutingPeers> {
  const seen = new Map<string, number>();
  const train = readRows<Row>(`${folder}/train.jsonl.gz`).filter(({ label }) => {
    if (label === null) return false;
    seen.set(label, (seen.get(label) ?? 0) + 1);
    return each === undefined || (seen.get(label) ?? 0) <= each;
  });
  const random = seededRandom(seed);
  const test = readRows<Row>(`${folder}/test.jsonl.gz`)
    .filter(({ label }) => label !== null)
    .map((row) => ({ row, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ row }) => row);
  const asked = test.slice(0, count);
  // Other texts than those asked before, each third or so a repeat of one of the last hundred.
  const repeats: string[] = [];
  for (const { text } of test.slice(count, 2 * count)) {
    const from = Math.max(0, repeats.length - 100);
    const old = repeats[from + Math.floor(random() * (repeats.length - from))];
    repeats.push(random() < 0.3 && old !== undefined ? old : text);
  }
  const peer = await askPeer({ encoder: encoderFolder, tokens: TOKENS, train, test: asked, repeats });
  const encoder = await loadEncoder(encoderFolder, { maxTokens: TOKENS });
  try {
    const began = performance.now();
    const masters = [...seen.keys()].map((name) => ({ name }));
    const model = await trainRouter({ masters, rows: train, seed: 1, encoder });
    const learned = (performance.now() - began) / 1_000;
    for (const { text } of test.slice(-20)) await model.route([{ text }]);
    const calls: number[] = [];
    const encoding: number[] = [];
    let right = 0;
    for (const { text, label } of asked) {
      const at = performance.now();
      const [result] = await model.route([{ text }], { explain: false });
      calls.push(performance.now() - at);
      if (result && result.encoder_ms > 0) encoding.push(result.encoder_ms);
      if (result?.master === label) right++;
    }
    const again = performance.now();
    for (const text of repeats) await model.route([{ text }], { explain: false });
    const repeatSeconds = (performance.now() - again) / 1_000;
    const ours = {
      accuracy: right / asked.length,
      per_second: asked.length / (calls.reduce((a, b) => a + b, 0) / 1_000),
      repeats_per_second: repeats.length / repeatSeconds,
      p50_ms: quantile(calls, 0.5),
      encoder_p50_ms: quantile(encoding, 0.5),
      learn_seconds: learned,
    };
    return { ours, peer };
  } finally {
    await encoder.close();
  }
}

async function askPeer(question: object): Promise<RoutingFigures> {
  const python = await semanticRouterPython();
  const child = spawn(python, [PEER], { stdio: ['pipe', 'pipe', 'pipe'] });
  let [answer, words] = ['', ''];
  child.stdout.on('data', (data) => {
    answer += data;
  });
  child.stderr.on('data', (data) => {
    words += data;
  });
  // Where it ends early, its own words say why.
  child.stdin.on('error', () => undefined);
  child.stdin.end(JSON.stringify(question));
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`semantic-router: ${words.trim().split('\n').at(-1)}`);
  return JSON.parse(answer) as RoutingFigures;
}
