import { hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../metrics/index.js';
import { knownItems, searchTerms, titledPassages, tuneWeight } from './index.js';
import { chooseWeight } from './tune-weight.js';

const DIMENSIONS = 64;
const random = seededRandom(5);
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const word = () => Array.from({ length: 6 }, () => LETTERS[Math.floor(random() * 26)]).join('');

/** Few words are shared by many documents, so that a title's words alone do not single its document out. */
const VOCABULARY = Array.from({ length: 40 }, word);
const drawn = () => VOCABULARY[Math.floor(random() * VOCABULARY.length)]!;
const documents = Array.from({ length: 120 }, (_, i) => {
  const topic = Array.from({ length: 8 }, drawn);
  return {
    id: `d${i}`,
    title: `About ${topic.slice(0, 4).join(' ')}`,
    text: `${topic.join(' ')} and ${drawn()} ${drawn()}`,
  };
});

/** A bag of hashed words: the words' half again. */
async function honest(texts: readonly string[]): Promise<Float32Array[]> {
  return texts.map((text) => {
    const vector = new Float32Array(DIMENSIONS);
    for (const term of searchTerms(text)) {
      const at = Number.parseInt(hash('md5', term, 'hex').slice(0, 6), 16);
      vector[at % DIMENSIONS]! += at & 64 ? 1 : -1;
    }
    return scaled(vector);
  });
}

/** Says nothing about the text: another vector for every text. */
async function useless(texts: readonly string[]): Promise<Float32Array[]> {
  return texts.map((text) => {
    const noise = seededRandom(Number.parseInt(hash('md5', text, 'hex').slice(0, 6), 16));
    return scaled(Float32Array.from({ length: DIMENSIONS }, () => noise() - 0.5));
  });
}

function scaled(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => value / length);
}

type Encode = typeof honest;
const embedded = async (encode: Encode) =>
  Promise.all(documents.map(async (d) => ({ ...d, vectors: await encode(titledPassages(d.title, d.text)) })));

describe('the weight of meaning', () => {
  it('stays even where both halves find', async () => {
    const tuned = await tuneWeight(await embedded(honest), honest);
    expect(tuned).toMatchObject({ weight: 0.5, questions: 100 });
  });

  it('falls where vectors say nothing', async () => {
    const tuned = await tuneWeight(await embedded(useless), useless);
    expect(tuned.weight).toBeLessThan(0.5);
    expect(tuned.weight).toBeGreaterThan(0);
  });

  it('is the same for the same seed', async () => {
    const given = await embedded(honest);
    expect(await tuneWeight(given, honest, { seed: 3 })).toEqual(await tuneWeight(given, honest, { seed: 3 }));
  });

  it('stays even where the collection cannot ask itself anything', async () => {
    const short = Array.from({ length: 50 }, (_, i) => ({
      id: `${i}`,
      text: `ls -l ${word()}`,
      vectors: [new Float32Array(4)],
    }));
    expect(await tuneWeight(short, honest)).toEqual({ weight: 0.5, questions: 0, tried: [] });
  });

  it('leaves the even one only for what is clearly better', () => {
    const weights = [0.3, 0.5, 0.7];
    const row = (figure: number) => Array.from({ length: 50 }, () => figure);
    expect(chooseWeight(weights, [row(0.62), row(0.6), row(0.5)])).toBe(0.5);
    expect(chooseWeight(weights, [row(0.2), row(0.4), row(0.6)])).toBe(0.7);
  });
});

describe('known items', () => {
  it('are titles, taken out of their documents', () => {
    const text = 'Broker restarts lose tasks. The log shows five lines of it, one for each worker that was busy.';
    const [item] = knownItems([{ id: 'a', title: 'Broker restarts lose tasks', text }], 5, 1);
    expect(item).toMatchObject({ id: 'a', question: 'Broker restarts lose tasks' });
    expect(item!.text).not.toContain('Broker restarts lose tasks');
  });

  it('are sentences where there are no titles, taken out as well', () => {
    const text = 'The broker was restarted at noon. Five workers lost their tasks then. Nobody saw an alert about it.';
    const [item] = knownItems([{ id: 'a', text }], 5, 1);
    expect(text).toContain(item!.question);
    expect(item!.text).not.toContain(item!.question);
  });
});
