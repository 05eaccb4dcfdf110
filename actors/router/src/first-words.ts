// The voice of the first moments: how much a text shares with each master's name, description, keywords and examples,
// counted by words that few masters use. Built in milliseconds, so that a master registered a moment ago can be chosen
// before anything has been trained. It abstains when nothing is shared.
import type { Vote } from '@cortex/models';
import type { Master } from '@cortex/schemas';

/** Characters of each master that are read; the trained voices read the rest. */
const READ_AT_MOST = 40_000;
/** Exponent that turns shared weight into odds: twice the weight, eight times the odds. */
const SHARPNESS = 3;

export class FirstWords {
  private readonly profiles: { name: string; words: Map<string, number> }[];
  private readonly rarity = new Map<string, number>();

  constructor(masters: readonly Master[]) {
    this.profiles = masters.map((master) => ({ name: master.name, words: profile(master) }));
    for (const { words } of this.profiles) {
      for (const word of words.keys()) this.rarity.set(word, (this.rarity.get(word) ?? 0) + 1);
    }
    // A word that every master uses tells nothing.
    for (const [word, users] of this.rarity) this.rarity.set(word, Math.log((1 + masters.length) / users));
  }

  vote(text: string): Vote {
    const started = performance.now();
    const asked = new Set(wordsOf(text));
    const scores = this.profiles.map(({ name, words }) => {
      let score = 0;
      const shared: [string, number][] = [];
      for (const word of asked) {
        const weight = (words.get(word) ?? 0) * (this.rarity.get(word) ?? 0);
        if (weight <= 0) continue;
        score += weight;
        shared.push([word, weight]);
      }
      return { name, odds: score ** SHARPNESS, shared };
    });
    const total = scores.reduce((sum, { odds }) => sum + odds, 0);
    const best = scores.reduce((a, b) => (b.odds > a.odds ? b : a), { name: '', odds: 0, shared: [] });
    const latency_ms = performance.now() - started;
    if (total === 0) return { probabilities: {}, abstained: true, latency_ms, evidence: [] };
    const loudest = best.shared.sort((a, b) => b[1] - a[1]).slice(0, 3);
    return {
      probabilities: Object.fromEntries(scores.filter((s) => s.odds > 0).map((s) => [s.name, s.odds / total])),
      abstained: false,
      latency_ms,
      evidence: [`${best.name} is described with ${loudest.map(([word]) => `"${word}"`).join(', ')}`],
    };
  }
}

/** Weight of each word in what is written about a master: the name and keywords count most, examples by how many use it. */
function profile(master: Master): Map<string, number> {
  const words = new Map<string, number>();
  const add = (text: string, weight: number) => {
    for (const word of new Set(wordsOf(text))) words.set(word, Math.min(3, (words.get(word) ?? 0) + weight));
  };
  add([master.name, ...master.aliases].join(' '), 2);
  add(master.keywords.join(' '), 2);
  add(master.description, 1);
  let read = 0;
  for (const example of master.examples) {
    read += example.length;
    if (read > READ_AT_MOST) break;
    add(example, 0.3);
  }
  return words;
}

function wordsOf(text: string): string[] {
  return (
    text
      .toLowerCase()
      .normalize('NFKC')
      .match(/[\p{L}\p{N}]{2,}/gu) ?? []
  );
}
