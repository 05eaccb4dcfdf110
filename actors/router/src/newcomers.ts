// Masters that registered after a panel was made: another panel that knows them speaks for them beside the first.
// The one thing to know: the first panel's odds keep their proportions; newcomers take the share that the other panel gives them.
import type { RouteQuery } from '@cortex/models';
import type { Opinion, Panel } from './panel.js';

/** Share of the odds above which a newcomer keeps the cascade from ending early. */
const WORTH_A_LOOK = 0.05;

/** `base` with `other` speaking for the masters that only `other` knows. `sure`: confidence a newcomer needs. */
export function withNewcomers(base: Panel, other: Panel, sure: number): Panel {
  const isNew = (name: string) => !base.masters.has(name);
  const heard = async (stage: 'quick' | 'full', queries: readonly RouteQuery[]): Promise<Opinion[]> => {
    const [first, second] = await Promise.all([base[stage](queries), other[stage](queries)]);
    return first.map((opinion, i) => {
      const beside = second[i];
      return beside ? blend(opinion, beside, isNew, sure) : opinion;
    });
  };
  return {
    version: base.version,
    identity: `${base.identity}+${other.identity}`,
    masters: new Set([...base.masters, ...other.masters]),
    needsEncoder: base.needsEncoder || other.needsEncoder,
    ...(base.reason === undefined ? {} : { reason: base.reason }),
    quick: (queries) => heard('quick', queries),
    full: (queries) => heard('full', queries),
  };
}

function blend(base: Opinion, beside: Opinion, isNew: (name: string) => boolean, sure: number): Opinion {
  const fresh = Object.entries(beside.probabilities).filter(([name, p]) => isNew(name) && p > 0);
  const share = fresh.reduce((sum, [, p]) => sum + p, 0);
  if (share === 0) return base;
  const known = Object.entries(base.probabilities);
  // The first panel had nothing to say: what is left belongs to the masters the other one sees.
  const rest = known.length > 0 ? known : Object.entries(beside.probabilities).filter(([name]) => !isNew(name));
  const total = rest.reduce((sum, [, p]) => sum + p, 0);
  const probabilities: Record<string, number> = {};
  for (const [name, p] of rest) probabilities[name] = (p / (total || 1)) * (1 - share);
  for (const [name, p] of fresh) probabilities[name] = total > 0 ? p : p / share;
  const ranked = Object.entries(probabilities).sort((a, b) => b[1] - a[1]);
  const [name, confidence] = ranked[0] ?? ['', 0];
  return {
    probabilities,
    scope: base.scope * (1 - share) + beside.scope * share,
    candidates: [
      ...new Set([
        ...(isNew(name) ? [name] : []),
        ...base.candidates,
        ...fresh.flatMap(([n, p]) => (p >= WORTH_A_LOOK ? [n] : [])),
      ]),
    ],
    votes: [...base.votes, ...beside.votes.filter(({ name: voice }) => !base.votes.some((v) => v.name === voice))],
    abstain: isNew(name) ? beside.abstain || confidence < sure : base.abstain || confidence < sure,
    sure: base.sure && share < WORTH_A_LOOK,
  };
}
