import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../metrics/index.js';
import { gramsOf } from './grams.js';
import { HashTable } from './hash-table.js';
import { LexicalModel, trainHinge, Vocabulary } from './index.js';

describe('grams', () => {
  it('are word 1–2-grams and character 3–5-grams inside words', () => {
    const { words, characters } = gramsOf('ab cde');
    // ab, "ab cde", cde; " ab", " ab ", "ab "; " cd", " cde", " cde ", "cde", "cde ", "de "
    expect(words).toHaveLength(3);
    expect(characters).toHaveLength(9);
  });
  it('fold case and compatibility forms, and keep scripts without blanks apart', () => {
    expect([...gramsOf('Café ＡＢＣ').words]).toEqual([...gramsOf('café abc').words]);
    expect(gramsOf('予約変更').words).toHaveLength(7);
    expect(gramsOf('').words).toHaveLength(0);
  });
  it('take the longest text there may be', () => {
    expect(gramsOf('deploy it now '.repeat(2400)).characters.length).toBeGreaterThan(30_000);
  });
});

describe('the hash table', () => {
  it('keeps what it was given, however it grows', () => {
    const table = new HashTable(4);
    for (let i = 1; i <= 5000; i++) table.set(Math.imul(i, 0x9e3779b1) >>> 0, i);
    expect(table.size).toBe(5000);
    for (let i = 1; i <= 5000; i++) expect(table.get(Math.imul(i, 0x9e3779b1) >>> 0)).toBe(i);
    expect(table.get(12345)).toBe(0);
  });
});

describe('TF-IDF', () => {
  it('scales words and characters to length 1 each, and knows what share of a text it knows', () => {
    const vocabulary = Vocabulary.learn(['red green', 'green blue', 'blue red']);
    const { values, columns, known } = vocabulary.row('red unheard');
    const words = [...values].filter((_, i) => columns[i]! < vocabulary.data.words);
    expect(words.reduce((sum, v) => sum + v * v, 0)).toBeCloseTo(1, 5);
    expect(known[0]).toBeCloseTo(1 / 3);
    expect(vocabulary.row('').values).toHaveLength(0);
  });
  it('is cut to the most frequent grams, the same way every time', () => {
    const texts = ['a b', 'a c', 'a d', 'b c'];
    const cut = Vocabulary.learn(texts, { limit: 3, characters: false });
    expect(cut.width).toBe(3);
    expect(Vocabulary.learn(texts, { limit: 3, characters: false }).data).toEqual(cut.data);
  });
});

describe('the hinge solver', () => {
  const random = seededRandom(1);
  const texts: string[] = [];
  const target = new Int32Array(300);
  for (let i = 0; i < 300; i++) {
    target[i] = i % 3;
    const own = ['disk', 'invoice', 'visitor'][i % 3]!;
    texts.push(Array.from({ length: 8 }, () => (random() < 0.4 ? own : `w${Math.floor(random() * 30)}`)).join(' '));
  }
  it('reaches the optimum: at the end no row wants to move', () => {
    const rows = Vocabulary.learn(texts).rows(texts);
    const cost = 0.5;
    const { weights, bias } = trainHinge(rows, target, 3, { cost, tolerance: 1e-4, passes: 2000 });
    // The gradient of ½|w|² + cost Σ max(0, 1 − y·s)² (bias inside) must vanish.
    for (let label = 0; label < 3; label++) {
      const gradient = new Float64Array(rows.width + 1);
      for (let f = 0; f < rows.width; f++) gradient[f] = weights[f * 3 + label]!;
      gradient[rows.width] = bias[label]!;
      for (let r = 0; r < rows.count; r++) {
        let score = bias[label]!;
        for (let i = rows.starts[r]!; i < rows.starts[r + 1]!; i++) {
          score += rows.values[i]! * weights[rows.columns[i]! * 3 + label]!;
        }
        const sign = target[r] === label ? 1 : -1;
        const short = Math.max(0, 1 - sign * score);
        for (let i = rows.starts[r]!; i < rows.starts[r + 1]!; i++) {
          gradient[rows.columns[i]!]! -= 2 * cost * sign * short * rows.values[i]!;
        }
        gradient[rows.width]! -= 2 * cost * sign * short;
      }
      expect(Math.hypot(...gradient)).toBeLessThan(0.01);
    }
  });
  it('finds the label, names the words that spoke, and lets weights count', () => {
    const model = LexicalModel.train(texts, target, 3);
    const scores = new Float32Array(3);
    model.score('the invoice is missing', scores);
    expect(scores.indexOf(Math.max(...scores))).toBe(1);
    expect(model.loudestWords('the invoice is missing', 1)).toEqual(['invoice']);
    const heavy = Float32Array.from(target, (label) => (label === 2 ? 100 : 0.01));
    const skewed = LexicalModel.train(texts, target, 3, { rowWeights: heavy });
    skewed.score('w1 w2 w3 w4', scores);
    expect(scores.indexOf(Math.max(...scores))).toBe(2);
  });
});
