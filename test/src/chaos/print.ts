// The results as a table for people, in the form in which docs/results/chaos.md shows it.
import type { Performed } from './perform.js';

const SIGNS = { passed: 'pass', failed: 'FAIL', cannot: 'cannot be made here' } as const;

export function print(all: readonly Performed[]): string {
  const lines = ['| # | fault | counts | checks (got, bound) | back after | result |', '|---|---|---|---|---|---|'];
  for (const one of all) {
    const counts = Object.entries(one.counts).map(([what, n]) => `${what.replaceAll('_', ' ')} ${n}`);
    const checks = one.checks.map((c) => `${c.ok ? '' : '**'}${c.what} ${c.got} (${c.bound})${c.ok ? '' : '**'}`);
    const back = one.recovered_s === undefined ? '' : `${one.recovered_s} s`;
    const cells = [one.number, one.fault, counts.join(', '), checks.join('; '), back, SIGNS[one.verdict]];
    lines.push(`| ${cells.join(' | ')} |`);
  }
  for (const one of all) if (one.reason !== undefined) lines.push('', `${one.number} (${one.name}): ${one.reason}`);
  return lines.join('\n');
}
