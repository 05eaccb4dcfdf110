import { silentLogger, until } from '@cortex/bus';
import type { RouteAnswer } from '@cortex/schemas';
import { expect, it } from 'vitest';
import { Eligibility } from '../eligible.js';
import { EncoderSupply } from '../encoder-supply.js';
import type { Opinion, Panel } from '../panel.js';
import { Routing } from '../routing.js';
import { questionOf } from '../testing/fakes.js';
import { ArmRouting, type TrialPanel } from './arm-routing.js';

const MASTERS = ['security', 'cicd'];
const opinion = (master: string, p = 0.8): Opinion => ({
  probabilities: { [master]: p, [MASTERS.find((name) => name !== master) ?? '']: 1 - p },
  scope: 1,
  candidates: [master],
  experts: [],
  abstain: false,
  explanation: [],
  sure: 'words',
});
const panel = (version: string, say: () => Promise<Opinion> | Opinion): Panel => ({
  version,
  identity: version,
  needsEncoder: false,
  quick: (queries) => Promise.all(queries.map(() => say())),
  full: (queries) => Promise.all(queries.map(() => say())),
});
const masters = {
  list: () => [],
  find: (name: string) => ({ name, status: 'active' }) as never,
  revision: () => 1,
};

function stage(trials: TrialPanel[], champion = panel('router@7', () => opinion('security'))) {
  const encoder = new EncoderSupply({ load: undefined, onState: () => undefined });
  const routing = new Routing({
    panel: () => champion,
    eligibility: new Eligibility(masters),
    encoder,
    remembered: 0,
    earlyExit: true,
    marginMs: 0,
    onFailure: () => undefined,
  });
  const arms = new ArmRouting({
    routing,
    champion: () => champion,
    trials: () => trials,
    patienceMs: 30,
    marginMs: 0,
    log: silentLogger,
  });
  return async (ask: Record<string, unknown>, text = 'scan it'): Promise<RouteAnswer> => {
    const [answer] = await arms.answer([questionOf({ text }, 10_000, { masters: MASTERS, ...ask })]);
    const found = await answer;
    if (!found || found instanceof Error) throw found ?? new Error('no answer');
    return found;
  };
}
const trial = (arm: TrialPanel['arm'], name: string, say: () => Promise<Opinion> | Opinion): TrialPanel => ({
  arm,
  name,
  panel: panel(name, say),
});
const never = () => new Promise<Opinion>(() => undefined);
const top = (answer: RouteAnswer) => Object.entries(answer.probabilities).sort((a, b) => b[1] - a[1])[0]?.[0];

it('answers by the arm that is asked, and says what the others said of the same task', async () => {
  const ask = stage([
    trial('challenger', 'router@8', () => opinion('cicd')),
    trial('shadow', 'router@9', () => opinion('security', 0.6)),
  ]);
  const mine = await ask({ arm: 'champion', model: 'router@7' });
  expect(mine).toMatchObject({ arm: 'champion', models: { router: 'router@7' } });
  expect(top(mine)).toBe('security');
  expect(mine.others).toMatchObject([
    { arm: 'challenger', model: 'router@8', master: 'cicd', confidence: 0.8 },
    { arm: 'shadow', model: 'router@9', master: 'security', confidence: 0.6 },
  ]);
  const theirs = await ask({ arm: 'challenger', model: 'router@8' });
  expect(theirs).toMatchObject({ arm: 'challenger', models: { router: 'router@8' } });
  expect(top(theirs)).toBe('cicd');
  expect(theirs.others?.map(({ arm, master }) => [arm, master])).toEqual([
    ['champion', 'security'],
    ['shadow', 'security'],
  ]);
});

it('lets the champion answer for a challenger that throws, hangs or talks nonsense, and says why', async () => {
  const failing: Record<string, () => Promise<Opinion> | Opinion> = {
    'out of tea': () => Promise.reject(new Error('out of tea')),
    'late: not there': never,
    'odds of security are NaN': () => opinion('security', Number.NaN),
    'odds of security are 7': () => opinion('security', 7),
    'scope is NaN': () => ({ ...opinion('security'), scope: Number.NaN }),
  };
  for (const [why, say] of Object.entries(failing)) {
    const ask = stage([trial('challenger', 'router@8', say)]);
    const answer = await ask({ arm: 'challenger', model: 'router@8' });
    expect(answer).toMatchObject({ arm: 'champion', models: { router: 'router@7' } });
    expect(top(answer)).toBe('security');
    expect(answer.arm_failure).toContain(why);
    expect(answer.explanation.join(' ')).toContain('champion decided instead');
    expect(answer.others).toMatchObject([
      { arm: 'challenger', model: 'router@8', error: expect.stringContaining(why) },
    ]);
    expect((await ask({ arm: 'champion', model: 'router@7' })).arm_failure).toBeUndefined();
  }
});

it('lets the champion answer for a version that is not loaded here', async () => {
  const answer = await stage([])({ arm: 'challenger', model: 'router@8' });
  expect(answer).toMatchObject({ arm: 'champion', arm_failure: 'router@8 is not loaded here' });
});

it('answers by the version that is meant, also where the promotion is not known yet or known already', async () => {
  const early = await stage([trial('challenger', 'router@8', () => opinion('cicd'))])({
    arm: 'champion',
    model: 'router@8',
  });
  expect(early).toMatchObject({ arm: 'champion', models: { router: 'router@8' } });
  const late = await stage(
    [],
    panel('router@8', () => opinion('cicd')),
  )({ arm: 'challenger', model: 'router@8' });
  expect(late).toMatchObject({ arm: 'challenger', models: { router: 'router@8' } });
  expect(late.arm_failure).toBeUndefined();
});

it('asks a model no more for a while that is late again and again', async () => {
  let asked = 0;
  const ask = stage([
    trial('shadow', 'router@9', () => {
      asked++;
      return never();
    }),
  ]);
  const answer = await until('the pause', async () => {
    const heard = await ask({ arm: 'champion' }, `task ${asked}`);
    return heard.others?.[0]?.error?.includes('paused') ? heard : undefined;
  });
  const before = asked;
  for (let i = 0; i < 10; i++) await ask({ arm: 'challenger', model: 'router@9' }, `later ${i}`);
  expect(asked).toBe(before);
  expect(top(answer)).toBe('security');
});

it('notices a model that holds the whole process up, although its answer is there when anybody looks', async () => {
  let asked = 0;
  const ask = stage([
    trial('challenger', 'router@8', () => {
      asked++;
      const end = performance.now() + 60;
      while (performance.now() < end);
      return opinion('cicd');
    }),
  ]);
  const first = await ask({ arm: 'challenger', model: 'router@8' }, 'task');
  expect(first.arm_failure).toContain('late');
  expect(top(first)).toBe('security');
  for (let i = 0; i < 10; i++) await ask({ arm: 'champion' }, `task ${i}`);
  expect(asked).toBe(3);
});
