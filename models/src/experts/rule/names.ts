// Who is meant when a text names a master: "@security", "assign this to the security team", "[security] …".
// The one thing to know: a name behind a "not" counts for nothing, and a name inside an ordinary sentence for little.
import { PhraseIndex, STOP_STEMS, stem, words } from '../../text/index.js';
import type { RouteQuery } from '../expert.js';
import { type Finding, type RuleMaster, WEIGHTS } from './types.js';

const HANDLE = /(?<![\p{L}\p{N}@.])@(?:[\p{L}\p{N}_-]{1,64}\/)?([\p{L}\p{N}][\p{L}\p{N}_.-]{0,127})/gu;
const HANDING_OVER = stems(
  'assign reassign route reroute send forward give hand escalate delegate pass transfer refer direct address move',
);
const TEAM = stems(
  'team master squad group people folks department dept owner owners engineers crew desk guild unit office staff',
);
const TOWARDS = stems('to for by with');
const ARTICLES = stems('the our my your');
const NEGATIONS = stems("not never don't dont no except isn't without instead rather nor");
/** Words before a name among which a negation or a verb is looked for. */
const REACH = 5;

export class MasterNames {
  private readonly phrases = new PhraseIndex<{ master: number; plain: boolean; name: string }>();
  private readonly handles = new Map<string, { master: number; name: string }>();

  constructor(masters: readonly RuleMaster[]) {
    masters.forEach(({ name: registered, aliases = [] }, master) => {
      for (const name of new Set([registered, ...aliases])) {
        const phrase = nameStems(name);
        if (phrase.length === 0) continue;
        // A master called "it" is not meant each time the word occurs, but "@it" is.
        const plain = !phrase.every((part) => STOP_STEMS.has(part));
        this.phrases.add(phrase, { master, plain, name });
        if (!this.handles.has(phrase.join(' '))) this.handles.set(phrase.join(' '), { master, name });
      }
    });
  }

  /** @param text title and text; @param textStems the stems of its words */
  find(query: RouteQuery, text: string, textStems: readonly string[]): Finding[] {
    const findings: Finding[] = [];
    for (const [handle, name = ''] of text.matchAll(HANDLE)) {
      const known = this.handles.get(nameStems(name).join(' '));
      if (known) findings.push(finding(known.master, WEIGHTS.addressed, `addressed with "${handle}"`));
    }
    for (const [label, value] of Object.entries(query.labels ?? {})) {
      const known = this.handles.get(nameStems(value).join(' '));
      if (known) findings.push(finding(known.master, WEIGHTS.addressed, `label ${label} is "${value}"`));
    }
    for (const { value, from, to } of this.phrases.find(textStems)) {
      const weight = weightInContext(textStems, from, to, text);
      if (weight === 0 || (weight <= WEIGHTS.mentioned && !value.plain)) continue;
      const verb = { [WEIGHTS.addressed]: 'handed to', [WEIGHTS.named]: 'names the owner' }[weight] ?? 'mentions';
      findings.push(finding(value.master, weight, `${verb} "${value.name}"`));
    }
    return strongestOfEach(findings);
  }
}

function finding(master: number, weight: number, sentence: string): Finding {
  return { master, weight, sentence };
}

function weightInContext(text: readonly string[], from: number, to: number, raw: string): number {
  const before = text.slice(Math.max(0, from - REACH), from);
  if (before.some((word) => NEGATIONS.has(word))) return 0;
  while (before.length > 0 && ARTICLES.has(before.at(-1) ?? '')) before.pop();
  const towards = before.at(-1) ?? '';
  const isTeam = TEAM.has(text[to] ?? '');
  if (towards === 'to' && before.some((word) => HANDING_OVER.has(word))) return WEIGHTS.addressed;
  if (isTeam && TOWARDS.has(towards)) return WEIGHTS.addressed;
  if (isTeam || (from === 0 && opensTheText(raw))) return WEIGHTS.named;
  return to - from > 1 ? WEIGHTS.mentioned : WEIGHTS.wordMentioned;
}

/** "security: scan this", "[security] scan this": the first word is a heading. */
function opensTheText(raw: string): boolean {
  return /^\s*(?:\[[^\]\n]{1,128}\]|[^\s:][^:\n]{0,63}:\s)/u.test(raw);
}

/** One finding of names a master: a name written ten times is still one name. */
function strongestOfEach(findings: readonly Finding[]): Finding[] {
  const best = new Map<number, Finding>();
  for (const one of findings) {
    const known = best.get(one.master);
    if (!known || known.weight < one.weight) best.set(one.master, one);
  }
  return [...best.values()];
}

/** "security-master", "SecurityMaster" and "security" are the same name; so is "security-team" when nothing else is left of it. */
export function nameStems(name: string): string[] {
  const parts = words(name.replace(/_/g, ' ').replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')).map(stem);
  while (parts.length > 1 && (parts.at(-1) === 'master' || parts.at(-1) === 'team')) parts.pop();
  return parts;
}

function stems(list: string): ReadonlySet<string> {
  return new Set(list.split(' ').map(stem));
}
