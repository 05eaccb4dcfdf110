// What a change of aliases means: the next state, the name of its event, and which champion was there before. Pure.
import { BadAlias, FamilyFrozen } from './errors.js';
import { parseName } from './manifest.js';
import type { AliasChange, AliasEdit, Aliases, AliasName, AliasState } from './types.js';

export const ALIAS_NAMES: readonly AliasName[] = ['champion', 'challenger', 'shadow'];
/** Changes kept beside the aliases. */
export const HISTORY = 50;

export function noAliases(family: string): Aliases {
  return { family, share: 0, revision: 0, history: [] };
}

export function stateOf({ champion, challenger, shadow, share, frozen }: AliasState): AliasState {
  return {
    ...(champion === undefined ? {} : { champion }),
    ...(challenger === undefined ? {} : { challenger }),
    ...(shadow === undefined ? {} : { shadow }),
    share,
    ...(frozen ? { frozen: true } : {}),
  };
}

/** The state after the edit. Throws {@link BadAlias} naming the field, or {@link FamilyFrozen}. */
export function applyEdit(aliases: Aliases, edit: AliasEdit): AliasState {
  const before = stateOf(aliases);
  const next: { -readonly [key in keyof AliasState]: AliasState[key] } = { ...before };
  for (const alias of ALIAS_NAMES) {
    const name = edit[alias];
    if (name === undefined) continue;
    if (name === null) delete next[alias];
    else if (parseName(name)?.family !== aliases.family)
      throw new BadAlias(`${alias}: "${name}" is no version of ${aliases.family}, such as ${aliases.family}@3`);
    else {
      // Who moves up leaves its earlier place, unless the edit says otherwise.
      for (const other of ALIAS_NAMES) if (next[other] === name && edit[other] === undefined) delete next[other];
      next[alias] = name;
    }
  }
  if (edit.share !== undefined) next.share = edit.share;
  else if (next.challenger !== before.challenger) next.share = 0;
  if (!(next.share >= 0 && next.share <= 1)) throw new BadAlias(`share: ${next.share} is not within 0 and 1`);
  if (next.challenger === undefined) next.share = 0;
  if (next.challenger !== undefined && next.challenger === next.champion)
    throw new BadAlias(`challenger: ${next.challenger} is the champion already`);
  if (next.shadow !== undefined && (next.shadow === next.champion || next.shadow === next.challenger))
    throw new BadAlias(
      `shadow: ${next.shadow} is the ${next.shadow === next.champion ? 'champion' : 'challenger'} already`,
    );
  if (edit.frozen !== undefined) next.frozen = edit.frozen;
  if (before.frozen && next.frozen && givesMoreSay(before, next, previousChampion(aliases)))
    throw new FamilyFrozen(aliases.family);
  return stateOf(next);
}

/** Whether some version can do more than before. Going back to the champion before is no such thing. */
function givesMoreSay(before: AliasState, next: AliasState, earlier: string | undefined): boolean {
  if (next.champion !== before.champion && next.champion !== undefined && next.champion !== earlier) return true;
  if (next.challenger !== undefined && next.challenger !== before.challenger) return true;
  if (next.shadow !== undefined && next.shadow !== before.shadow && next.shadow !== before.challenger) return true;
  return next.share > before.share;
}

/** In a word, what happened. */
export function eventOf(before: AliasState, after: AliasState, earlier: string | undefined): string {
  if (before.champion !== after.champion)
    return before.champion !== undefined && (after.champion === undefined || after.champion === earlier)
      ? 'rolled-back'
      : 'promoted';
  if (before.challenger !== after.challenger || before.share !== after.share) {
    if (after.challenger !== undefined) return 'canary';
    return after.shadow === before.challenger ? 'shadow' : 'canary-ended';
  }
  if (before.shadow !== after.shadow) return after.shadow === undefined ? 'shadow-ended' : 'shadow';
  if (before.frozen !== after.frozen) return after.frozen ? 'frozen' : 'unfrozen';
  return 'changed';
}

/** The champion a roll-back leads to: one that was rolled back itself is never led back to. */
export function previousChampion({ history }: { history: readonly AliasChange[] }): string | undefined {
  const reigns: (string | undefined)[] = [];
  for (const { event, before, after } of history) {
    if (before.champion === after.champion) continue;
    if (reigns.length === 0) reigns.push(before.champion);
    const at = event === 'rolled-back' ? reigns.lastIndexOf(after.champion, -2) : -1;
    if (at >= 0) reigns.length = at + 1;
    else if (event === 'rolled-back') reigns.splice(0, reigns.length, after.champion);
    else reigns.push(after.champion);
  }
  return reigns.at(-2);
}
