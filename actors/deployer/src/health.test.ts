// What people hear of when the world changes: few alarms, each the largest change first, and before outcomes are known where that can be told.
import { seededRandom } from '@cortex/models';
import { describe, expect, it } from 'vitest';
import { createHealth, type Health } from './health.js';
import type { Judged } from './judged.js';

const CHAMPION = 'router@7';
const WORDS = ['printer', 'paper', 'screen', 'cable', 'login', 'password', 'mail', 'phone'];

interface World {
  by?: string;
  words?: readonly string[];
  source?: string;
  leastConfidence?: number;
  minutes?: number;
  /** Milliseconds that tasks from the web wait, others wait a second. */
  webWaits?: number;
}

/** Lets `count` tasks be decided, and judged unless told otherwise; the alerts that came of it. */
function live(health: Health, random: () => number, count: number, world: World = {}, judge = true) {
  const { by = CHAMPION, words = WORDS, source, leastConfidence = 0.6, minutes = 5, webWaits = 1_000 } = world;
  const notices = [];
  for (let i = 0; i < count; i++) {
    const confidence = leastConfidence + (1 - leastConfidence) * random();
    const from = source ?? (random() < 0.5 ? 'mail' : 'web');
    const judged: Judged = {
      task: `t-${i}`,
      at: i,
      by,
      master: random() < 0.5 ? 'security' : 'cicd',
      explored: false,
      propensity: 1,
      said: { [by]: { confidence, latencyMs: 1, asked: false } },
      slices: { source: from },
      right: {},
      corrected: false,
      success: random() < confidence,
      minutes: minutes * (0.5 + random()),
      reward: 1,
      waitMs: (from === 'web' ? webWaits : 1_000) * (0.5 + random()),
    };
    const text = Array.from({ length: 5 }, () => words[Math.floor(random() * words.length)]).join(' ');
    notices.push(...health.decided(judged, text));
    if (judge) notices.push(...health.judged(judged));
  }
  return notices.flatMap((notice) => (notice.kind === 'alert' ? [notice] : []));
}

const fresh = () => createHealth('router', () => CHAMPION);

describe('the health of what serves', () => {
  it('raises no alarm in a world that stays as it is, over 3,000 tasks', () => {
    expect(live(fresh(), seededRandom(1), 3_000)).toEqual([]);
  });

  it('tells of tasks that look different once, the largest change first and the others in the same alert', () => {
    const health = fresh();
    const random = seededRandom(2);
    live(health, random, 1_000);
    const [alert, ...others] = live(health, random, 1_500, { words: ['invoice', 'tax', 'budget'], source: 'erp' });
    expect(others.filter((other) => other.alert === 'data-drift')).toEqual([]);
    expect(alert).toMatchObject({ alert: 'data-drift', severity: 'warning' });
    expect(alert?.summary).toMatch(/(text|source) \(effect .*, then .*(text|source)/);
    const { ranked } = (alert?.evidence ?? { ranked: [] }) as { ranked: { effect: number }[] };
    expect(ranked.length).toBeGreaterThan(2);
    expect(ranked.map(({ effect }) => effect)).toEqual(ranked.map(({ effect }) => effect).sort((a, b) => b - a));
  });

  it('says that fewer will succeed while none of their outcomes is known', () => {
    const health = fresh();
    const random = seededRandom(3);
    live(health, random, 1_000);
    const alerts = live(health, random, 1_000, { leastConfidence: 0.2 }, false);
    const expected = alerts.find(({ alert }) => alert === 'expected-accuracy');
    expect(expected?.summary).toMatch(/will succeed less often/);
    const { before, now } = health.report().expected ?? { before: 0, now: 1 };
    expect(Math.abs(before - 0.8)).toBeLessThan(0.05);
    expect(Math.abs(now - 0.6)).toBeLessThan(0.07);
    expect(alerts.filter(({ alert }) => alert === 'expected-accuracy')).toHaveLength(1);
  });

  it('tells of work that takes longer than it did', () => {
    const health = fresh();
    const random = seededRandom(4);
    live(health, random, 1_500);
    const alerts = live(health, random, 1_500, { minutes: 12 });
    expect(alerts.map(({ alert }) => alert)).toEqual(['outcome-drift']);
    expect(alerts[0]?.summary).toMatch(/outcomes look different .* minutes/);
  });

  it('watches who has to wait: a source that waits three times as long is named', () => {
    const alerts = live(fresh(), seededRandom(5), 1_000, { webWaits: 3_000 });
    expect(alerts.map(({ alert, summary }) => [alert, /source web worse: waiting/.test(summary)])).toEqual([
      ['unfair', true],
    ]);
  });

  it('begins anew with another champion', () => {
    let champion = CHAMPION;
    const health = createHealth('router', () => champion);
    const random = seededRandom(6);
    live(health, random, 1_000);
    champion = 'router@8';
    expect(live(health, random, 2_000, { by: champion, source: 'erp' })).toEqual([]);
  });
});
