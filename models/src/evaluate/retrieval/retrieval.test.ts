import { hash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import type { Encoder } from '../../encoder/index.js';
import { runEvaluateRetrieval, scoreRanking } from './index.js';

const folder = mkdtempSync(join(tmpdir(), 'cortex-retrieval-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function file(content: string | readonly object[], name = 'rows.jsonl'): string {
  const text = typeof content === 'string' ? content : content.map((row) => `${JSON.stringify(row)}\n`).join('');
  const path = join(folder, `${files++}-${name}`);
  writeFileSync(path, name.endsWith('.gz') ? gzipSync(text) : text);
  return path;
}

const CORPUS = [
  { _id: 'd1', title: 'Disk full', text: 'The server stops because the disk is full of logs.' },
  { _id: 'd2', title: 'Slow start', text: 'Starting takes minutes on a cold cache.' },
  { _id: 'd3', title: 'Logs grow', text: 'Log files grow until no room is left on the disk.' },
  { _id: 'd4', text: 'rm -rf /var/log/*.gz' },
];
const QUERIES = [
  { _id: 'q1', text: 'disk is full' },
  { _id: 'd2', text: 'Starting takes minutes' },
  { _id: 'q3', text: 'delete packed logs with rm -rf' },
];
const QRELS = 'query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td3\t1\nd2\td2\t1\nd2\td1\t1\nq3\td4\t1\n';

const given = (over: { corpus?: string; queries?: string; qrels?: string } = {}) => ({
  corpus: file(CORPUS, 'corpus.jsonl.gz'),
  queries: file(QUERIES),
  qrels: file(QRELS, 'qrels.tsv'),
  ...over,
});

/** Texts as sums of hashed character triples: computes, cheaply, a nearness of spelling. */
const triples: Encoder = {
  id: 'triples',
  dimensions: 32,
  async encode(texts) {
    return texts.map((text) => {
      const vector = new Float32Array(32).fill(0.001);
      for (let i = 0; i + 3 <= text.length; i++) {
        const at = Number.parseInt(hash('md5', text.slice(i, i + 3).toLowerCase(), 'hex').slice(0, 4), 16);
        vector[at % 32]! += at & 32 ? 1 : -1;
      }
      const length = Math.hypot(...vector);
      return vector.map((value) => value / length);
    });
  },
  async close() {},
};

describe('figures of merit', () => {
  it('are those worked out by hand', () => {
    const scores = scoreRanking(
      ['x', 'b', 'y', 'a'],
      new Map([
        ['a', 2],
        ['b', 1],
        ['c', 1],
      ]),
    );
    const gain = 1 / Math.log2(3) + 2 / Math.log2(5);
    const best = 2 / Math.log2(2) + 1 / Math.log2(3) + 1 / Math.log2(4);
    expect(scores['ndcg@10']).toBeCloseTo(gain / best, 12);
    expect(scores).toMatchObject({ 'mrr@10': 1 / 2, 'recall@10': 2 / 3, 'recall@100': 2 / 3 });
  });

  it('cut at ten and at a hundred', () => {
    const ranked = Array.from({ length: 200 }, (_, i) => `d${i}`);
    expect(
      scoreRanking(
        ranked,
        new Map([
          ['d10', 1],
          ['d100', 1],
        ]),
      ),
    ).toEqual({
      'ndcg@10': 0,
      'mrr@10': 0,
      'recall@10': 0,
      'recall@100': 0.5,
    });
    expect(scoreRanking(ranked, new Map([['d9', 1]]))['mrr@10']).toBeCloseTo(0.1, 12);
  });
});

describe('evaluate retrieval', () => {
  it('scores hybrid, BM25 and dense side by side, a query’s own document left out', async () => {
    const predictions = join(folder, 'predictions.jsonl');
    const document = await runEvaluateRetrieval({ ...given(), encoder: triples, predictions });
    expect(document).toMatchObject({
      ranked_by: 'hybrid',
      rows: { documents: 4, queries: 3, queries_judged: 3 },
      encoder: 'triples',
      note: null,
    });
    for (const part of [document, document.bm25, document.dense!]) {
      expect(part['recall@100']).toBeGreaterThan(0.6);
      expect(part.latency_ms.p99).toBeGreaterThanOrEqual(part.latency_ms.p50);
    }
    const rows = readFileSync(predictions, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows.map(({ query }) => query)).toEqual(['q1', 'd2', 'q3']);
    expect(rows[1].results.map(({ id }: { id: string }) => id)).not.toContain('d2');
    expect(rows[2].results[0].id).toBe('d4');
  });

  it('takes what sets of this form hold: numbers as ids, no text, no header, grades, line ends of another system', async () => {
    const document = await runEvaluateRetrieval({
      corpus: file([
        { _id: 1, title: 'Disk full', text: '' },
        { _id: 2, title: null, text: 'rm -rf' },
        { _id: 3, text: '' },
      ]),
      queries: file([
        { _id: 7, text: 'disk full' },
        { _id: 8, text: '' },
        { _id: 9, text: 'nobody judged this' },
      ]),
      qrels: file('\uFEFF7\t1\t2\r\n7\t2\t0\r\n8\t2\t0.5\r\n\r\n7 \t 3\t-1\r\n', 'qrels.tsv.gz'),
      encoder: triples,
    });
    expect(document.rows).toEqual({ documents: 3, queries: 3, queries_judged: 2 });
    expect(document['recall@10']).toBe(1);
    expect(document.bad_rows.qrels.count).toBe(0);
    for (const ways of [document, document.bm25, document.dense!])
      for (const figure of ['ndcg@10', 'mrr@10', 'recall@100'] as const) expect(ways[figure]).not.toBeNaN();
  });

  it('goes on past a few bad rows, and counts and shows them', async () => {
    const many = Array.from({ length: 60 }, (_, i) => ({ _id: `m${i}`, text: `passage number ${i}` }));
    const corpus = file([...CORPUS, ...many, { _id: 'd1', text: 'again' }]);
    const { bad_rows: bad, rows } = await runEvaluateRetrieval(given({ corpus }));
    expect(rows.documents).toBe(64);
    expect(bad.corpus).toEqual({ count: 1, shown: [expect.objectContaining({ line: 65, field: '_id' })] });
  });

  it('answers by BM25 alone without an encoder, and says so', async () => {
    const document = await runEvaluateRetrieval(given());
    expect(document).toMatchObject({ ranked_by: 'bm25', dense: null, fusion: null, encoder: null });
    expect(document.note).toContain('BM25 alone');
    expect(document['ndcg@10']).toBe(document.bm25['ndcg@10']);
  });

  it('ranks the same whatever the judgements say, and the same again', async () => {
    const shuffled = 'query-id\tcorpus-id\tscore\nq3\td1\t1\nq1\td4\t1\nd2\td3\t2\n';
    const texts: string[] = [];
    for (const qrels of [QRELS, shuffled, QRELS]) {
      const predictions = join(folder, `same-${texts.length}.jsonl`);
      await runEvaluateRetrieval({ ...given({ qrels: file(qrels, 'qrels.tsv') }), encoder: triples, predictions });
      texts.push(readFileSync(predictions, 'utf8'));
    }
    expect(texts[1]).toBe(texts[0]);
    expect(texts[2]).toBe(texts[0]);
  });

  it('counts and shows judgements that name what is not there; a document that is missing counts as not found', async () => {
    const qrels = file(`${QRELS}q9\td1\t1\nq3\td9\t1\n`, 'qrels.tsv');
    const document = await runEvaluateRetrieval(given({ qrels }));
    expect(document.unknown).toEqual({
      queries: 1,
      documents: 1,
      shown: [
        { line: 7, field: 'query-id', reason: 'no query "q9"' },
        { line: 8, field: 'corpus-id', reason: 'no document "d9"' },
      ],
    });
    const whole = await runEvaluateRetrieval(given());
    expect(document['recall@100']).toBeCloseTo(whole['recall@100'] - 1 / 6, 12);
  });

  it.each([
    ['a missing id', { corpus: file([{ text: 'a' }]) }, 1, '_id'],
    [
      'a repeated id',
      {
        corpus: file([
          { _id: 'a', text: 'a' },
          { _id: 'a', text: 'b' },
        ]),
      },
      2,
      '_id',
    ],
    ['a document without text', { corpus: file([{ _id: 'a' }]) }, 1, 'text'],
    ['a title that is no text', { corpus: file([{ _id: 'a', title: 3, text: 'a' }]) }, 1, 'title'],
    ['a query without text', { queries: file([{ _id: 'a' }]) }, 1, 'text'],
    ['no JSON', { queries: file('{"_id": "a"\n') }, 1, '(row)'],
    ['a judgement without a score', { qrels: file('query-id\tcorpus-id\tscore\nq1\td1\n', 'q.tsv') }, 2, '(row)'],
    ['a score that is no number', { qrels: file('query-id\tcorpus-id\tscore\nq1\td1\thigh\n', 'q.tsv') }, 2, 'score'],
    ['judgements of other queries', { qrels: file('query-id\tcorpus-id\tscore\nzz\td1\t1\n', 'q.tsv') }, 2, 'query-id'],
  ])('names file, line and field of %s', async (_, over, line, field) => {
    const error = await runEvaluateRetrieval(given(over)).catch((e: unknown) => e);
    expect(error).toMatchObject({ name: 'EvaluateInputError', file: Object.values(over)[0], line, field });
  });

  it('names a file that is not there or holds nothing', async () => {
    for (const name of ['corpus', 'queries', 'qrels'] as const) {
      for (const path of [join(folder, 'none.tsv'), file('', 'empty.tsv')]) {
        await expect(runEvaluateRetrieval(given({ [name]: path }))).rejects.toMatchObject({
          name: 'EvaluateInputError',
          file: path,
        });
      }
    }
  });
});
