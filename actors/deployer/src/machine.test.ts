import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Judged } from './judged.js';
import { step } from './machine.js';
import { deployerSettingsSchema } from './settings.js';
import { newState, type TrialEvent, type TrialState } from './state.js';
import { simulate } from './testing/simulate.js';

const settings = deployerSettingsSchema.parse({ stage_ms: 0 });

describe('a trial', () => {
  it('takes a better model from shadow over 5, 25 and 50 % to champion, and lets it keep its place', () => {
    const run = simulate({ champion: 0.65, challenger: 0.78, tasks: 5_000, seed: 1 });
    expect(run.path).toEqual([
      'promoted',
      'shadow',
      'canary 0.05',
      'canary 0.25',
      'canary 0.5',
      'promoted',
      'shadow-ended',
    ]);
    expect(run.state.aliases.champion).toBe('sim@2');
    expect(run.state.past.map(({ ended }) => ended)).toEqual(['promoted', 'promoted']);
  });

  it('promotes no equal model in more than one of twenty trials, over 200 of them', { timeout: 240_000 }, () => {
    let promoted = 0;
    for (let seed = 0; seed < 200; seed++) {
      const run = simulate({ champion: 0.7, challenger: 0.7, tasks: 700, seed });
      if (run.path.slice(1).includes('promoted') || run.path.includes('canary 0.05')) promoted++;
    }
    expect(promoted).toBeLessThanOrEqual(10);
  });

  it('gives a useless model no task at all', () => {
    const run = simulate({ champion: 0.75, challenger: 0.12, tasks: 1_000, seed: 3 });
    expect(run).toMatchObject({ harmed: 0, share: 0, path: ['promoted', 'shadow', 'shadow-ended'] });
    expect(run.endedAt).toBeLessThan(200);
    expect(run.state.past.at(-1)?.reason).toMatch(/right less often/);
  });

  it('gives none to a slow one or one that answers with rubbish either', () => {
    const slow = simulate({ champion: 0.7, challenger: 0.9, latencyMs: 500, tasks: 300, seed: 4 });
    expect(slow).toMatchObject({ harmed: 0, share: 0 });
    expect(slow.state.past.at(-1)?.reason).toMatch(/longer than 250 ms/);
    const broken = simulate({ champion: 0.7, challenger: 0.9, failing: 1, tasks: 300, seed: 5 });
    expect(broken).toMatchObject({ harmed: 0, share: 0 });
    expect(broken.endedAt).toBeLessThan(30);
  });

  it('stops one that is better but for one source before it reaches a quarter of the traffic', () => {
    for (let seed = 0; seed < 10; seed++) {
      const run = simulate({ champion: 0.7, challenger: 0.85, slice: 0.05, tasks: 3_000, seed });
      expect(run.share).toBeLessThan(0.25);
      expect(run.state.aliases.champion).toBe('sim@1');
      expect(run.harmed).toBeLessThan(30);
      expect(run.state.past.at(-1)?.reason).toMatch(/source=a|right less often/);
    }
  });

  it('rolls back at once what turns bad after its promotion', () => {
    // Promoted without proof, as by an older rule or a person who insists.
    const state: TrialState = {
      ...newState('sim'),
      phase: 'probation',
      champion: 'sim@1',
      candidate: 'sim@2',
      aliases: { champion: 'sim@2', shadow: 'sim@1', share: 0 },
      aliasRevision: 7,
    };
    let now = state;
    let tasks = 0;
    while (!now.wanted && tasks < 1_000) {
      const right = tasks % 4 === 0;
      const judged: Judged = {
        task: `t${tasks}`,
        at: tasks,
        assigned: 'sim@2',
        by: 'sim@2',
        executed: 'sim@2',
        master: 'a',
        explored: false,
        propensity: 1,
        said: {
          'sim@1': { master: 'b', latencyMs: 1, asked: false },
          'sim@2': { master: 'a', latencyMs: 1, asked: false },
        },
        slices: {},
        right: right ? { 'sim@1': false, 'sim@2': true } : { 'sim@1': true, 'sim@2': false },
        corrected: !right,
        success: right,
        reward: Number(right),
      };
      now = step(now, { kind: 'judged', judged, at: tasks }, settings);
      tasks++;
    }
    expect(tasks).toBeLessThan(100);
    expect(now.wanted).toMatchObject({ champion: 'sim@1', share: 0, event: 'rolled-back' });
    expect(now.outbox).toContainEqual(expect.objectContaining({ kind: 'alert', severity: 'critical' }));
  });
});

describe('the machine', () => {
  const version = fc.constantFrom('sim@1', 'sim@2', 'sim@3');
  const picture = fc.record({
    champion: fc.option(version, { nil: undefined }),
    challenger: fc.option(version, { nil: undefined }),
    shadow: fc.option(version, { nil: undefined }),
    share: fc.constantFrom(0, 0.05, 0.25, 0.5),
  });
  const at = fc.integer({ min: 0, max: 1e6 });
  const said = fc.record({
    master: fc.constantFrom('a', 'b'),
    confidence: fc.double({ min: 0, max: 1, noNaN: true }),
    latencyMs: fc.constantFrom(1, 900),
    asked: fc.boolean(),
  });
  const observed = fc.record({
    task: fc.string(),
    at,
    assigned: version,
    by: version,
    master: fc.constantFrom('a', 'b'),
    explored: fc.boolean(),
    propensity: fc.constantFrom(1, 0.5),
    said: fc.dictionary(version, said),
    slices: fc.constant({ source: 'x' }),
  });
  const judged = fc
    .record({
      observed,
      right: fc.dictionary(version, fc.boolean()),
      executed: version,
      corrected: fc.boolean(),
      success: fc.boolean(),
      reward: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    .map(({ observed: o, ...rest }) => ({ ...o, ...rest }));
  const event: fc.Arbitrary<TrialEvent> = fc.oneof(
    fc.record({
      kind: fc.constant('candidate' as const),
      number: fc.integer({ min: 1, max: 4 }),
      at,
      createdAt: at,
      version: fc.record({
        name: version,
        metrics: fc.constantFrom<Record<string, number | null>>({}, { accuracy: 0.5 }, { accuracy: null }),
      }),
    }),
    fc.record({
      kind: fc.constant('aliases' as const),
      aliases: picture,
      frozen: fc.boolean(),
      revision: fc.integer({ min: 0, max: 50 }),
      by: fc.constant('p'),
      at,
    }),
    fc.record({ kind: fc.constant('decided' as const), observed, at }),
    fc.record({ kind: fc.constant('judged' as const), judged, at }),
    fc.record({
      kind: fc.constant('answer' as const),
      review: fc.string(),
      approve: fc.boolean(),
      by: fc.string(),
      at,
    }),
    fc.record({ kind: fc.constant('stale' as const), version, days: fc.nat(), at }),
    fc.record({ kind: fc.constant('tick' as const), at }),
  );

  it('takes any event in any order, and its state is plain data that comes back from JSON as it was', () => {
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 60 }),
        fc.constantFrom('auto' as const, 'hand' as const),
        (events, approve) => {
          const set = { ...settings, approve, units: [1, 1, 1] };
          let state = newState('sim');
          for (const e of events) {
            state = step(state, e, set);
            expect(step(newState('sim'), e, set)).toBeDefined();
            if (state.phase !== 'idle') expect(state.candidate).toBeDefined();
            expect(state.wanted?.challenger === undefined || state.wanted.challenger !== state.wanted.champion).toBe(
              true,
            );
          }
          expect(JSON.parse(JSON.stringify(state))).toEqual(JSON.parse(JSON.stringify(structuredClone(state))));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('gives way to a person who changes the aliases by hand', () => {
    let state = simulate({ champion: 0.7, challenger: 0.72, tasks: 100, seed: 1 }).state;
    expect(state.phase).toBe('shadow');
    const hand = { champion: 'sim@2', share: 0 };
    state = step(state, { kind: 'aliases', aliases: hand, frozen: false, revision: 99, by: 'ann', at: 5 }, settings);
    expect(state).toMatchObject({ phase: 'idle', aliases: hand });
    expect(state.past.at(-1)).toMatchObject({ ended: 'taken over', reason: expect.stringContaining('ann') });
    expect(state.wanted).toBeUndefined();
  });

  it('starts and advances nothing while the family is frozen, but still stops harm', () => {
    const frozen: TrialEvent = {
      kind: 'aliases',
      aliases: { champion: 'sim@1', share: 0 },
      frozen: true,
      revision: 1,
      by: 'ann',
      at: 1,
    };
    let state = step(newState('sim'), frozen, settings);
    const candidate: TrialEvent = {
      kind: 'candidate',
      version: { name: 'sim@2', metrics: {} },
      number: 2,
      createdAt: 1,
      at: 1,
    };
    state = step(state, candidate, settings);
    expect(state).toMatchObject({ phase: 'idle', waiting: { name: 'sim@2' } });
    expect(state.wanted).toBeUndefined();
    state = step(state, { ...frozen, frozen: false, revision: 2 }, settings);
    expect(state.wanted).toMatchObject({ shadow: 'sim@2', event: 'shadow' });
    // Shadow set, then frozen: a broken answer still ends the trial.
    const shadow = { champion: 'sim@1', shadow: 'sim@2', share: 0 };
    state = step(
      state,
      { kind: 'aliases', aliases: shadow, frozen: true, revision: 3, by: 'deployer', at: 2 },
      settings,
    );
    for (let i = 0; i < 30; i++)
      state = step(
        state,
        {
          kind: 'decided',
          at: 3,
          observed: {
            task: `t${i}`,
            at: 3,
            by: 'sim@1',
            assigned: 'sim@1',
            master: 'a',
            explored: false,
            propensity: 1,
            said: { 'sim@2': { latencyMs: 1, asked: false, error: 'broken' } },
            slices: {},
          },
        },
        settings,
      );
    expect(state.wanted).toMatchObject({ champion: 'sim@1' });
    expect(state.wanted?.shadow).toBeUndefined();
  });

  it('lets a shadow that gets nowhere give way to a newer version, and no other', () => {
    const equal = simulate({ champion: 0.7, challenger: 0.7, tasks: 400, seed: 1 }).state;
    expect(equal).toMatchObject({ phase: 'shadow', candidate: 'sim@2' });
    const newer: TrialEvent = {
      kind: 'candidate',
      version: { name: 'sim@3', metrics: {} },
      number: 3,
      createdAt: 1,
      at: 1,
    };
    const tick: TrialEvent = { kind: 'tick', at: 2 };
    const set = { ...settings, supersede_units: 300 };
    expect(step(equal, tick, set).wanted).toBeUndefined();
    const way = step(step(equal, newer, set), tick, set);
    expect(way.past.at(-1)).toMatchObject({
      candidate: 'sim@2',
      ended: 'retired',
      reason: expect.stringContaining('sim@3'),
    });
    const free = step(
      way,
      { kind: 'aliases', aliases: { champion: 'sim@1', share: 0 }, frozen: false, revision: 99, by: 'd', at: 3 },
      set,
    );
    expect(free.wanted).toMatchObject({ shadow: 'sim@3' });
  });

  /** Tasks on which champion and candidate disagree, `agreed` between two of them on which both are right; the candidate wins `wins` in ten. */
  const disagreements = (
    state: TrialState,
    count: number,
    wins: number,
    { agreed = 0, set = quick }: { agreed?: number; set?: typeof settings } = {},
  ): TrialState => {
    let now = state;
    for (let i = 0; i < count && !now.wanted; i++) {
      const agree = i % (agreed + 1) > 0;
      const won = !agree && Math.floor(i / (agreed + 1)) % 10 < wins;
      const judged: Judged = {
        task: `d${i}`,
        at: i,
        assigned: 'sim@1',
        by: 'sim@1',
        executed: 'sim@1',
        master: 'a',
        explored: false,
        propensity: 1,
        said: {
          'sim@1': { master: 'a', latencyMs: 1, asked: false },
          [now.candidate ?? '']: { master: agree ? 'a' : 'b', latencyMs: 1, asked: false },
        },
        slices: {},
        right: { 'sim@1': !won, [now.candidate ?? '']: won || agree },
        corrected: won,
        success: !won,
        reward: Number(!won),
      };
      now = step(now, { kind: 'judged', judged, at: i }, set);
    }
    return now;
  };
  const quick = { ...settings, own_units: 10 };
  const made = (number: number, rows: number, code = 'c'): TrialEvent => ({
    kind: 'candidate',
    version: { name: `sim@${number}`, metrics: {}, learnt: { rows, code } },
    number,
    createdAt: 1,
    at: 1,
  });
  const done = (state: TrialState, revision: number): TrialState => {
    const { champion, challenger, shadow, share } = state.wanted ?? { share: 0 };
    return step(
      state,
      { kind: 'aliases', aliases: { champion, challenger, shadow, share }, frozen: false, revision, by: 'd', at: 2 },
      quick,
    );
  };
  /** Serving: sim@1; in the shadow: sim@2, made as said. */
  const tried = (rows: number, code?: string) =>
    done(step(done(step(newState('sim'), made(1, 100), quick), 1), made(2, rows, code), quick), 2);

  it('goes on with the bet of a line of versions, each made of more, and asks the newest to bear it out', () => {
    const second = disagreements(tried(200), 45, 6);
    expect(second).toMatchObject({ phase: 'shadow', candidate: 'sim@2' });
    expect(second.evidence.pairs.better.peak).toBeGreaterThan(0);
    const way = step(step(second, made(3, 300), quick), { kind: 'tick', at: 3 }, quick);
    expect(way.past.at(-1)).toMatchObject({ candidate: 'sim@2', ended: 'retired' });
    const third = done(done(way, 3), 4);
    expect(third).toMatchObject({
      phase: 'shadow',
      candidate: 'sim@3',
      evidence: { units: 0, inherited: { versions: 1 } },
    });
    expect(third.evidence.pairs.better).toEqual(second.evidence.pairs.better);
    // What spoke against the one before is not held against it, and its own showing decides.
    expect(third.evidence.pairs.worse.rows).toBe(0);
    expect(disagreements(third, 9, 9).phase).toBe('shadow');
    expect(disagreements(third, 30, 9)).toMatchObject({
      phase: 'canary',
      wanted: { challenger: 'sim@3', share: 0.05 },
    });
    expect(disagreements(third, 20, 3).phase).not.toBe('canary');
  });

  it('begins anew with a version that was made otherwise, or of less, or of which nobody knows', () => {
    const second = disagreements(tried(200), 45, 6);
    const unknown: TrialEvent = {
      kind: 'candidate',
      version: { name: 'sim@3', metrics: {} },
      number: 3,
      createdAt: 1,
      at: 1,
    };
    for (const next of [made(3, 150), made(3, 300, 'other'), unknown]) {
      // Nothing goes on: it waits until the one before has had its chance.
      const waits = step(second, next, quick);
      expect(waits).toMatchObject({ candidate: 'sim@2', waiting: { name: 'sim@3' } });
      const retired = step(waits, { kind: 'tick', at: 3 }, { ...quick, shadow_units: 1 });
      const third = done(done(retired, 3), 4);
      expect(third.candidate).toBe('sim@3');
      expect(third.evidence.inherited).toBeUndefined();
      expect(third.evidence.pairs.better.rows).toBe(0);
    }
  });

  it('takes a successor that is proven not to be worse by the margin, and no version of which it does not know that it is one', () => {
    const lenient = { ...quick, successor_margin: 0.1 };
    // Three tasks in four both have right; of the others the candidate wins six in ten: too few to prove it better.
    const after = (state: TrialState) => disagreements(state, 300, 6, { agreed: 3, set: lenient });
    expect(after(tried(200))).toMatchObject({
      phase: 'canary',
      wanted: { reason: expect.stringContaining('10.0 points worse') },
    });
    expect(after(tried(200, 'other')).phase).toBe('shadow');
    expect(after(tried(50)).phase).toBe('shadow');
    expect(disagreements(tried(200), 300, 6, { agreed: 3, set: { ...quick, successor_margin: 0 } }).phase).toBe(
      'shadow',
    );
  });

  it('says once a day that the champion is old, and only of the one that serves', () => {
    const day = 86_400_000;
    const old = (version: string, at: number): TrialEvent => ({ kind: 'stale', version, days: 40, at });
    let state: TrialState = { ...newState('sim'), aliases: { champion: 'sim@1', share: 0 } };
    for (const event of [old('sim@1', 1), old('sim@1', 2), old('sim@2', 3)]) state = step(state, event, settings);
    expect(state.outbox).toEqual([expect.objectContaining({ alert: 'model-stale', id: 'stale-sim@1-0' })]);
    state = step(state, { kind: 'delivered', notices: ['stale-sim@1-0'], at: 4 }, settings);
    expect(step(state, old('sim@1', 5), settings).outbox).toEqual([]);
    expect(step(state, old('sim@1', day), settings).outbox).toHaveLength(1);
  });

  it('asks a person before it gives traffic, when told to, and does as they say', () => {
    const hand = { approve: 'hand' as const };
    const run = simulate({ champion: 0.65, challenger: 0.8, tasks: 2_000, seed: 2, settings: hand });
    // The very first version needs approval already.
    expect(run.state).toMatchObject({ phase: 'asked', asking: 'promotion', candidate: 'sim@1' });
    const set = deployerSettingsSchema.parse({ ...hand, stage_ms: 0 });
    const no = step(
      run.state,
      { kind: 'answer', review: run.state.review ?? '', approve: false, by: 'ann', at: 1 },
      set,
    );
    expect(no.past.at(-1)).toMatchObject({ candidate: 'sim@1', ended: 'rejected' });
    const yes = step(
      run.state,
      { kind: 'answer', review: run.state.review ?? '', approve: true, by: 'ann', at: 1 },
      set,
    );
    expect(yes.wanted).toMatchObject({ champion: 'sim@1', event: 'promoted' });
    const other = step(run.state, { kind: 'answer', review: 'another', approve: true, by: 'ann', at: 1 }, set);
    expect(other).toEqual(run.state);
  });

  it('refuses at the offline gate what is worse on held-out rows, or no number', () => {
    const base = step(
      newState('sim'),
      { kind: 'aliases', aliases: { champion: 'sim@1', share: 0 }, frozen: false, revision: 1, by: 'x', at: 0 },
      settings,
    );
    const known = { ...base, metrics: { 'sim@1': { accuracy: 0.8 } } };
    const offer = (accuracy: number) =>
      step(
        known,
        { kind: 'candidate', version: { name: 'sim@2', metrics: { accuracy } }, number: 2, createdAt: 0, at: 0 },
        settings,
      );
    expect(offer(0.7).past.at(-1)?.reason).toMatch(/offline gate: accuracy 0\.700 against 0\.800 of sim@1/);
    expect(offer(Number.NaN).past.at(-1)?.reason).toMatch(/accuracy is NaN/);
    expect(offer(0.79).phase).toBe('shadow');
  });

  it('keeps the older rule as a preset: a tenth of the traffic, a hundred tasks each, quality and completion', () => {
    const legacy = { preset: 'legacy' as const };
    const run = simulate({ champion: 0.6, challenger: 0.8, tasks: 1_500, seed: 1, settings: legacy });
    // No quality is reported here, so the rule cannot be met.
    expect(run.path.slice(0, 2)).toEqual(['promoted', 'canary 0.1']);
    expect(run.state.phase).toBe('canary');
    const { completed } = run.state.evidence;
    expect(completed.challenger.units).toBeGreaterThan(100);
    const set = deployerSettingsSchema.parse({ ...legacy, stage_ms: 0 });
    const rated = {
      champion: { ...completed.champion, rated: 100, quality: 70 },
      challenger: { ...completed.challenger, rated: 100, quality: 75 },
    };
    const next = step(
      { ...run.state, evidence: { ...run.state.evidence, completed: rated } },
      { kind: 'tick', at: 9e12 },
      set,
    );
    expect(next.wanted).toMatchObject({ champion: 'sim@2', event: 'promoted' });
  });
});
