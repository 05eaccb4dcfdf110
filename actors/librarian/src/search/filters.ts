// What may be asked for, as the store's filter.
import { type SearchFilters, TRUST_LEVELS } from '@cortex/schemas';
import type { RowFilter } from '../store/types.js';

export function rowFilterOf(filters: SearchFilters | undefined): RowFilter {
  if (!filters) return {};
  const { repository, path, language, since, until, trust } = filters;
  return {
    ...(repository === undefined ? {} : { repository }),
    ...(path === undefined ? {} : { path }),
    ...(language === undefined ? {} : { language: language.toLowerCase() }),
    ...(since === undefined ? {} : { since: Date.parse(since) }),
    ...(until === undefined ? {} : { until: Date.parse(until) }),
    // The levels stand in order, the most trusted first.
    ...(trust === undefined || trust === TRUST_LEVELS.at(-1)
      ? {}
      : { trust: TRUST_LEVELS.slice(0, TRUST_LEVELS.indexOf(trust) + 1) }),
  };
}
