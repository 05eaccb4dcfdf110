// How much an adapter of questions wins on real pairs: `npm run bench:adapter` asks shell commands by what they shall do, three splits.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { fitAdapter, INDEX_ENCODER, loadEncoder } from '@cortex/models';

const OTHERS = 3_000;
const AT_ONCE = 64;

const data = join(process.env.CORTEX_DATA ?? '../shared/data', 'retrieval', 'nl2bash');
const folder = process.env.CORTEX_ENCODER;
if (!folder) throw new Error('CORTEX_ENCODER is not set: the folder of the encoder');
const lines = (file: string) =>
  gunzipSync(readFileSync(join(data, file)))
    .toString()
    .trim()
    .split('\n');
const documents = (file: string) => lines(file).map((line) => JSON.parse(line) as { _id: string; text: string });

const queries = documents('queries.jsonl.gz');
const answers = new Map(
  lines('qrels.tsv.gz')
    .slice(1)
    .map((line) => line.split('\t') as [string, string]),
);
const wanted = new Set(answers.values());
let others = 0;
const corpus = documents('corpus.jsonl.gz').filter(({ _id }) => wanted.has(_id) || others++ < OTHERS);
const place = new Map(corpus.map(({ _id }, i) => [_id, i]));

const encoder = await loadEncoder(folder, INDEX_ENCODER);
const encode = async (texts: readonly string[]) => {
  const vectors: Float32Array[] = [];
  for (let from = 0; from < texts.length; from += AT_ONCE)
    vectors.push(...(await encoder.encode(texts.slice(from, from + AT_ONCE))));
  return vectors;
};
const asked = await encode(queries.map(({ text }) => text));
const indexed = await encode(corpus.map(({ text }) => text));
await encoder.close();
const pairs = queries.flatMap(({ _id }, i) => {
  const document = place.get(answers.get(_id) ?? '');
  return document === undefined ? [] : [{ query: asked[i] as Float32Array, document }];
});
for (const seed of [1, 2, 3]) console.log(JSON.stringify({ seed, ...fitAdapter(pairs, indexed, { seed }).report }));
