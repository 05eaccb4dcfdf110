// Runs one scenario in a folder of its own and says how it went; a throw is a failure with its reason, never the end of the others.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '@cortex/models';
import { CannotHere, type Check, type Run, type Scenario } from './scenario.js';

export type Verdict = 'passed' | 'failed' | 'cannot';

export interface Performed {
  readonly number: number;
  readonly name: string;
  readonly fault: string;
  readonly pass: string;
  readonly seed: number;
  readonly verdict: Verdict;
  readonly counts: Readonly<Record<string, number | string>>;
  readonly recovered_s?: number;
  readonly checks: readonly Check[];
  /** Why it failed before it could be judged, or why it cannot be made here. */
  readonly reason?: string;
  readonly took_s: number;
}

export async function perform(scenario: Scenario, setting: Omit<Run, 'folder' | 'random'>): Promise<Performed> {
  const folder = await mkdtemp(join(tmpdir(), 'cortex-chaos-'));
  const began = Date.now();
  const { number, name, fault, pass } = scenario;
  const common = { number, name, fault, pass, seed: setting.seed };
  const took = () => Math.round((Date.now() - began) / 100) / 10;
  try {
    // Each its own numbers, so that a scenario run alone is the same as among the others.
    const random = seededRandom(setting.seed * 1_000 + number);
    const { counts, checks, recoveredMs } = await scenario.run({ ...setting, folder, random });
    return {
      ...common,
      verdict: checks.length > 0 && checks.every((check) => check.ok) ? 'passed' : 'failed',
      counts,
      checks,
      ...(recoveredMs === undefined ? {} : { recovered_s: Math.round(recoveredMs / 100) / 10 }),
      took_s: took(),
    };
  } catch (error) {
    const cannot = error instanceof CannotHere;
    const reason = error instanceof Error ? (cannot ? error.message : (error.stack ?? error.message)) : String(error);
    return { ...common, verdict: cannot ? 'cannot' : 'failed', counts: {}, checks: [], reason, took_s: took() };
  } finally {
    await rm(folder, { recursive: true, force: true }).catch((error: Error) =>
      setting.say(`its folder could not be removed: ${error.message}`),
    );
  }
}
