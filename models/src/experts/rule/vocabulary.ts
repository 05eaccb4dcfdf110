// The words of masters: those a user gave (keywords) and those their texts give away (typical words).
// The one thing to know: it works from a name alone, from a description, or from thousands of examples.
import { PhraseIndex, STOP_STEMS, stem, typicalWords, words } from '../../text/index.js';
import { nameStems } from './names.js';
import { type Finding, type RuleMaster, WEIGHTS } from './types.js';

/** How many examples a name or a description counts for. */
const PROFILE_COUNT = 2;
/** Examples of a master that are learnt from, spread over all it has, and characters of each: building must stay short. */
const MAX_EXAMPLES = 1000;
const MAX_CHARACTERS = 4000;
/** A single word says at most this much, so that one rare word cannot outweigh all others. */
const MAX_LOG_ODDS = 4;
/** Up to so many known words a text's words are taken at face value; beyond, certainty grows with the root of their number. */
const FREE_WORDS = 3;
/** Typical words of a master that count in one text, the strongest. */
const WORDS_COUNTED = 40;

export interface TypicalScore {
  master: number;
  /** Sum of log-odds, damped by the text's length. */
  score: number;
  /** Positions in the text of the words that count most. */
  positions: number[];
}

export class MasterWords {
  private readonly keywords = new PhraseIndex<{ master: number; keyword: string; weight: number }>();
  private readonly typical = new Map<string, { master: number; logOdds: number }[]>();

  /** @param stemsOf stems of an example; given by a caller that builds more than once from the same examples */
  constructor(masters: readonly RuleMaster[], stemsOf: (example: string) => Iterable<string> = exampleStems) {
    this.learnKeywords(masters);
    typicalWords(masters.map((master) => countWords(master, stemsOf))).forEach((list, master) => {
      for (const { word, logOdds } of list) {
        const entry = { master, logOdds: Math.min(MAX_LOG_ODDS, logOdds) };
        const entries = this.typical.get(word);
        if (entries) entries.push(entry);
        else this.typical.set(word, [entry]);
      }
    });
  }

  findKeywords(textStems: readonly string[]): Finding[] {
    const found = new Map<string, { master: number; keyword: string; weight: number }>();
    for (const { value } of this.keywords.find(textStems)) found.set(`${value.master} ${value.keyword}`, value);
    const perMaster = new Map<number, number>();
    return [...found.values()].map(({ master, keyword, weight }) => {
      const earlier = perMaster.get(master) ?? 0;
      perMaster.set(master, earlier + 1);
      return { master, weight: weight / 2 ** earlier, sentence: `contains the keyword "${keyword}"` };
    });
  }

  scoreTypical(textStems: readonly string[]): TypicalScore[] {
    const hits = new Map<number, { position: number; logOdds: number }[]>();
    const seen = new Set<string>();
    textStems.forEach((word, position) => {
      const entries = this.typical.get(word);
      if (!entries || seen.has(word)) return;
      seen.add(word);
      for (const { master, logOdds } of entries) {
        const known = hits.get(master);
        if (known) known.push({ position, logOdds });
        else hits.set(master, [{ position, logOdds }]);
      }
    });
    // Words of one text depend on each other: ten of them are not ten independent voices (without this, long texts look certain).
    const doubt = Math.sqrt(Math.max(1, seen.size / FREE_WORDS));
    return [...hits].map(([master, list]) => {
      const best = list.sort((a, b) => b.logOdds - a.logOdds).slice(0, WORDS_COUNTED);
      return {
        master,
        score: best.reduce((sum, { logOdds }) => sum + logOdds, 0) / doubt,
        positions: best.slice(0, 3).map(({ position }) => position),
      };
    });
  }

  private learnKeywords(masters: readonly RuleMaster[]): void {
    const owners = new Map<string, Set<number>>();
    masters.forEach(({ keywords = [] }, master) => {
      for (const keyword of keywords) {
        const key = words(keyword).map(stem).join(' ');
        owners.set(key, (owners.get(key) ?? new Set()).add(master));
      }
    });
    masters.forEach(({ keywords = [] }, master) => {
      for (const keyword of new Set(keywords)) {
        const phrase = words(keyword).map(stem);
        // A keyword that several masters claim says less about each.
        const shared = owners.get(phrase.join(' '))?.size ?? 1;
        this.keywords.add(phrase, { master, keyword, weight: WEIGHTS.keyword / (1 + Math.log(shared)) });
      }
    });
  }
}

/** In how many of the master's texts each word occurs; name and description count as several. */
function countWords(master: RuleMaster, stemsOf: (example: string) => Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  const add = (list: Iterable<string>, times: number) => {
    for (const word of new Set(list)) {
      if (!STOP_STEMS.has(word) && !/^\p{N}+$/u.test(word)) counts.set(word, (counts.get(word) ?? 0) + times);
    }
  };
  for (const name of [master.name, ...(master.aliases ?? [])]) add(nameStems(name), PROFILE_COUNT);
  if (master.description) add(words(master.description).map(stem), PROFILE_COUNT);
  const examples = master.examples ?? [];
  const step = Math.max(1, examples.length / MAX_EXAMPLES);
  for (let at = 0; at < examples.length; at += step) {
    add(stemsOf(examples[Math.floor(at)] ?? ''), 1);
  }
  return counts;
}

export function exampleStems(example: string): string[] {
  return words(example.slice(0, MAX_CHARACTERS)).map(stem);
}
