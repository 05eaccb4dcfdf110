// What `cortex doctor` shows to people: what was found, and under it what to do about what is wrong.
import type { colours } from '../output/index.js';
import { table } from '../output/index.js';
import type { Check } from './check.js';

export function doctorScreen(checks: readonly Check[], c: ReturnType<typeof colours>): string {
  const signs = { ok: c.green('ok'), warn: c.yellow('warn'), fail: c.red('fail') };
  const rows = checks.map((check) => [check.name, signs[check.verdict], check.found]);
  const advice = checks.filter((check) => check.advice !== undefined);
  return [
    table(['', '', 'found'], rows),
    ...(advice.length === 0
      ? ['', 'Everything is there.']
      : ['', 'What to do:', ...advice.map((check) => `  ${check.name}: ${check.advice}`)]),
  ].join('\n');
}
