import type { Library } from '../library/library.js';
export async function repositoryMap(
  _library: Library,
  _ask: { query?: string; repository?: string; budget_tokens: number },
): Promise<{ map: string; tokens: number }> {
  return { map: '', tokens: 0 };
}
