// Do the chosen questions teach more than drawn ones? Real texts, a small first training set, four days of questions, a real classifier.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { softmaxInPlace } from '../calibration/index.js';
import { LexicalModel } from '../experts/lexical/index.js';
import { seededRandom } from '../metrics/index.js';
import { chooseQuestions } from './index.js';

interface Row {
  text: string;
  label: string | null;
}

const folder = resolve(process.env.CORTEX_DATA ?? '../shared/data', 'routing', 'clinc-domains');
const wanted = existsSync(folder);
if (!wanted) {
  const reason = `no data in ${folder} (set CORTEX_DATA)`;
  if (process.env.CORTEX_REQUIRE_ALL === '1') throw new Error(reason);
  console.warn(`What questions teach is not measured: ${reason}`);
}

const FIRST = 100;
const POOL = 800;
const A_DAY = 50;
const DAYS = 4;
/** Hinge scores are distances; so many make odds that are neither flat nor certain. */
const SHARPNESS = 4;

it.skipIf(!wanted)(
  'chosen questions teach more than as many drawn at random',
  () => {
    const read = (file: string) =>
      gunzipSync(readFileSync(resolve(folder, file)))
        .toString('utf8')
        .split('\n')
        .flatMap((line) => (line.trim() === '' ? [] : [JSON.parse(line) as Row]))
        .filter((row): row is { text: string; label: string } => row.label !== null);
    const train = read('train.jsonl.gz');
    const test = read('test.jsonl.gz').slice(0, 1_500);
    const labels = [...new Set(train.map(({ label }) => label))];
    const model = (rows: readonly { text: string; label: string }[]) =>
      LexicalModel.train(
        rows.map(({ text }) => text),
        Int32Array.from(rows, ({ label }) => labels.indexOf(label)),
        labels.length,
      );
    const scores = new Float32Array(labels.length);
    const oddsOf = (voice: LexicalModel, text: string) => {
      voice.score(text, scores);
      const odds = scores.map((score) => SHARPNESS * score);
      softmaxInPlace(odds);
      return odds;
    };
    const accuracy = (voice: LexicalModel) =>
      test.filter(({ text, label }) => {
        const odds = oddsOf(voice, text);
        return odds.indexOf(Math.max(...odds)) === labels.indexOf(label);
      }).length / test.length;

    /** Accuracy after the last day, by how questions are chosen. */
    const learn = (seed: number, chosen: boolean) => {
      const random = seededRandom(seed);
      const shuffled = train
        .map((row) => ({ row, at: random() }))
        .sort((a, b) => a.at - b.at)
        .map(({ row }) => row);
      const known = shuffled.slice(0, FIRST);
      let pool = shuffled.slice(FIRST, FIRST + POOL);
      for (let day = 0; day < DAYS; day++) {
        const voice = chosen ? model(known) : undefined;
        const candidates = pool.map(({ text }, i) => ({
          id: String(i),
          text,
          probabilities: voice ? Object.fromEntries([...oddsOf(voice, text)].map((p, k) => [labels[k] ?? '', p])) : {},
        }));
        const asked = new Set(
          chooseQuestions(candidates, A_DAY, { seed: seed * 10 + day, ...(chosen ? {} : { explore: 1 }) }).map(
            ({ id }) => Number(id),
          ),
        );
        known.push(...pool.filter((_, i) => asked.has(i)));
        pool = pool.filter((_, i) => !asked.has(i));
      }
      return accuracy(model(known));
    };
    const seeds = [1, 2];
    const mean = (chosen: boolean) => seeds.reduce((sum, seed) => sum + learn(seed, chosen), 0) / seeds.length;
    const [chosen, drawn] = [mean(true), mean(false)];
    console.log(
      `accuracy after ${FIRST} + ${A_DAY * DAYS} labels: chosen ${chosen.toFixed(3)}, drawn ${drawn.toFixed(3)}`,
    );
    expect(chosen).toBeGreaterThan(drawn);
  },
  60_000,
);
