// Each fault is provoked, and the seconds until it is found are what docs/watchdog.md promises. Each has its near miss beside it.
import { describe, expect, it } from 'vitest';
import { type Fleet, fleet } from '../fleet-for-tests.js';
import { RULES } from './index.js';

/** Workers beat each five seconds, as by default. */
const beating =
  (f: Fleet, ...workers: string[]) =>
  (second: number) => {
    if (second % 5 === 0) for (const worker of workers) f.beat(worker);
  };

const triedAgain = (f: Fleet, task: string) =>
  f.say({ kind: 'step', task, step: 'escalated', master: 'security', priority: 'medium', revision: 2, attempts: 2 });

it('every rule gives the reason for its threshold', () => {
  for (const rule of RULES) expect(rule.reason.length, rule.kind).toBeGreaterThan(40);
});

it('a quiet, healthy fleet gives no finding', () => {
  const f = fleet();
  let n = 0;
  f.pass(1_800, (second) => {
    if (second % 5 === 0) {
      f.backlog({ pending: second % 3 });
      f.presence('c-1');
    }
    const task = `t-${n}`;
    if (second % 10 === 0) f.decided(task);
    if (second % 10 === 2) f.beat('w-1', { tasks: [task] });
    if (second % 10 === 9) {
      f.settled(task, { worker: 'w-1', minutes: 0.1 });
      f.beat('w-1');
      n++;
    }
    if (second % 5 === 1) f.beat('w-2');
  });
  expect(f.kinds()).toEqual([]);
});

describe('no heartbeat', () => {
  it('is found 16 s after the last beat of a worker that beats each 5 s', () => {
    const f = fleet();
    f.pass(60, beating(f, 'w-1', 'w-2'));
    f.beat('w-1');
    f.mark();
    f.pass(60, beating(f, 'w-2'));
    expect(f.delay('no-heartbeat')).toBeLessThanOrEqual(17);
    expect(f.found('no-heartbeat')[0]).toMatchObject({ worker: 'w-1', severity: 'warning' });
  });

  it('goes by the rhythm of each worker: one that beats each half minute is learned after two beats, and found after three', () => {
    const f = fleet();
    const slow = (s: number) => void (s % 30 === 0 && f.beat('w-slow'));
    f.pass(90, slow);
    const learned = f.found('no-heartbeat').length;
    f.pass(600, slow);
    expect(f.found('no-heartbeat')).toHaveLength(learned);
    f.beat('w-slow');
    f.mark();
    f.pass(120);
    expect(f.delay('no-heartbeat')).toBeGreaterThan(60);
    expect(f.delay('no-heartbeat')).toBeLessThanOrEqual(97);
  });

  it('is not found of a worker that said it would go, nor after the watchdog itself was cut off', () => {
    const f = fleet();
    f.pass(60, beating(f, 'w-1'));
    f.beat('w-1', { status: 'draining' });
    f.pass(60);
    f.pass(30, beating(f, 'w-2'));
    f.say({ kind: 'back' });
    f.pass(14);
    expect(f.found('no-heartbeat')).toEqual([]);
  });
});

describe('stuck pending', () => {
  it('is found a minute after a task was decided beside an idle worker, a critical one after 20 s', () => {
    const f = fleet();
    f.pass(60, beating(f, 'w-1'));
    f.decided('t-1', { traceId: 'abc' });
    f.decided('t-2', { priority: 'critical' });
    f.backlog({ pending: 0 });
    f.mark();
    f.pass(19, beating(f, 'w-1'));
    expect(f.found('stuck-pending')).toEqual([]);
    f.pass(50, beating(f, 'w-1'));
    expect(f.delay('stuck-pending')).toBe(20);
    expect(f.found('stuck-pending').find(({ task }) => task === 't-1')?.evidence.waits_ms).toBe(60_000);
    expect(f.found('stuck-pending').find(({ task }) => task === 't-1')).toMatchObject({
      traceId: 'abc',
      severity: 'warning',
    });
  });

  it('is found when later tasks were begun before it, and not of what waits its turn', () => {
    const f = fleet();
    f.decided('t-lost');
    f.pass(40, (s) => {
      f.decided(`t-${s}`);
      if (s % 5 === 0) f.beat('w-1', { tasks: [`t-${s}`] });
    });
    f.decided('t-turn');
    f.pass(100, (s) => {
      if (s % 5 === 0) f.beat('w-1', { tasks: ['t-35'] });
      if (s % 5 === 0) f.backlog({ pending: 30 });
    });
    const stuck = new Set(f.found('stuck-pending').map(({ task }) => task));
    expect(stuck).toContain('t-lost');
    expect(stuck).not.toContain('t-turn');
  });

  it('is not found of those whose queue another task came into while it was still being done elsewhere', () => {
    const f = fleet();
    f.pass(10, beating(f, 'w-1'));
    f.decided('t-moved', { master: 'cicd' });
    f.pass(120, (s) => {
      if (s < 90) f.decided(`t-${s}`);
      // The whole queue of its next best is ahead of it.
      if (s === 60) f.decided('t-moved');
      if (s % 5 > 0) return;
      f.beat('w-1', { tasks: [`t-${Math.floor(s / 5)}`], gauges: { lines: s } });
      f.beat('w-other', { master: 'cicd', tasks: ['t-moved'], gauges: { lines: s } });
      f.backlog({ pending: 60 });
    });
    expect(f.found('stuck-pending')).toEqual([]);
  });

  it('says so when no worker is there at all, and nothing while all are busy', () => {
    const f = fleet();
    f.beat('w-0', { master: 'cicd' });
    f.beat('w-0', { master: 'cicd', status: 'draining' });
    f.decided('t-0', { master: 'cicd' });
    f.decided('t-never', { master: 'inventory' });
    f.decided('t-1');
    f.pass(100, (s) => void (s % 5 === 0 && f.beat('w-1', { tasks: ['t-busy'], gauges: { lines: s } })));
    expect(f.found('stuck-pending').map(({ task }) => task)).toContain('t-0');
    expect(f.found('stuck-pending').map(({ task }) => task)).not.toContain('t-1');
    // Nobody ever worked for this one: deciding is all that is wanted of the system there.
    expect(f.found('stuck-pending').map(({ task }) => task)).not.toContain('t-never');
    expect(f.found('stuck-pending')[0]?.cause).toMatch(/no worker of cicd/);
  });
});

describe('stuck running', () => {
  it('is found when a budget and a tenth are over, or three times what nearly all take', () => {
    const f = fleet();
    for (let i = 0; i < 30; i++) f.settled(`old-${i}`, { minutes: 0.5 });
    f.decided('t-1', { minuteBudget: 2 });
    f.decided('t-2');
    f.mark();
    f.pass(140, (s) => {
      if (s % 5 === 0) f.beat('w-1', { tasks: ['t-1'] });
      if (s % 5 === 0) f.beat('w-2', { tasks: ['t-2'] });
    });
    const first = (task: string) => f.found('stuck-running').find((finding) => finding.task === task);
    expect(first('t-2')?.evidence.runs_ms).toBeLessThan(92_000);
    expect(first('t-1')?.evidence.runs_ms).toBeLessThan(134_000);
  });

  it('counts no time in which a person is asked', () => {
    const f = fleet();
    f.decided('t-1', { minuteBudget: 1 });
    f.pass(600, (s) => void (s % 5 === 0 && f.beat('w-1', { tasks: ['t-1'], asking: ['t-1'] })));
    expect(f.kinds()).toEqual([]);
    f.pass(70, (s) => void (s % 5 === 0 && f.beat('w-1', { tasks: ['t-1'] })));
    expect(f.kinds()).toEqual(['stuck-running']);
  });

  it('is not found of long work of a kind nobody knows', () => {
    const f = fleet();
    f.decided('t-1');
    f.pass(1_200, (s) => void (s % 5 === 0 && f.beat('w-1', { tasks: ['t-1'] })));
    expect(f.kinds()).toEqual([]);
  });
});

describe('a zombie', () => {
  it('is found when it leaves work lying for half a minute', () => {
    const f = fleet();
    f.pass(60, beating(f, 'w-1'));
    f.mark();
    f.pass(60, (s) => {
      beating(f, 'w-1')(s);
      if (s % 5 === 0) f.backlog({ pending: 3 });
    });
    expect(f.delay('zombie')).toBeLessThanOrEqual(33);
  });

  it('is found when it stands still where workers show progress, and never where they do not', () => {
    for (const shows of [true, false]) {
      const f = fleet();
      for (let i = 0; i < 40; i++) {
        f.decided(`t-${i}`);
        f.pass(
          10,
          (s) =>
            void (s % 2 === 0 && f.beat('w-1', { tasks: [`t-${i}`], gauges: shows ? { tokens: s } : { cpu: s / 10 } })),
        );
        f.settled(`t-${i}`, { minutes: 1 / 6 });
      }
      f.decided('t-x');
      f.mark();
      f.pass(
        50,
        (s) => void (s % 2 === 0 && f.beat('w-1', { tasks: ['t-x'], gauges: shows ? { tokens: 5 } : { cpu: s / 10 } })),
      );
      if (shows) expect(f.delay('zombie')).toBeLessThanOrEqual(32);
      else expect(f.found('zombie')).toEqual([]);
    }
  });

  it('is found when it holds a task that ended long ago', () => {
    const f = fleet();
    f.decided('t-1');
    f.pass(10, (s) => void (s % 5 === 0 && f.beat('w-1', { tasks: ['t-1'] })));
    f.settled('t-1', { worker: 'w-2' });
    f.mark();
    f.pass(60, (s) => void (s % 5 === 0 && f.beat('w-1', { tasks: ['t-1'] })));
    expect(f.delay('zombie')).toBeLessThanOrEqual(22);
  });
});

describe('a duplicate worker', () => {
  it('is found two beats after a second one began with the same task', () => {
    const f = fleet();
    f.decided('t-1');
    f.pass(20, (s) => void (s % 5 === 0 && f.beat('w-1', { tasks: ['t-1'] })));
    f.mark();
    f.pass(30, (s) => void (s % 5 === 0 && ['w-1', 'w-2'].forEach((w) => void f.beat(w, { tasks: ['t-1'] }))));
    expect(f.delay('duplicate-worker')).toBeLessThanOrEqual(12);
  });

  it('is not found when a task passes from one to the next', () => {
    const f = fleet();
    f.decided('t-1');
    f.pass(20, (s) => void (s % 5 === 0 && f.beat('w-1', { tasks: ['t-1'] })));
    f.pass(30, (s) => {
      if (s % 5 === 0) f.beat('w-1');
      if (s % 5 === 0) f.beat('w-2', { tasks: ['t-1'] });
    });
    expect(f.found('duplicate-worker')).toEqual([]);
  });

  it('is found when two processes use one name', () => {
    const f = fleet();
    f.mark();
    f.pass(60, (s) => void (s % 5 === 0 && ['a', 'b'].forEach((source) => void f.beat('w-1', { source }))));
    expect(f.delay('duplicate-worker')).toBeLessThanOrEqual(20);
    expect(f.found('duplicate-worker')[0]?.target).toBe('worker:w-1');
  });

  it('is not found when one process follows another under its name', () => {
    const f = fleet();
    f.pass(120, (s) => void (s % 5 === 0 && f.beat('w-1', { source: s < 60 ? 'a' : 'b' })));
    expect(f.found('duplicate-worker')).toEqual([]);
  });
});

describe('completed without evidence', () => {
  it('is found at once where evidence is the custom, and never where it is not', () => {
    const f = fleet();
    for (let i = 0; i < 25; i++) f.settled(`a-${i}`, { evidence: 1 });
    for (let i = 0; i < 25; i++) f.settled(`b-${i}`, {}, { master: 'cicd' });
    expect(f.found('completed-without-evidence')).toEqual([]);
    f.settled('a-x', { evidence: 0, worker: 'w-1' });
    f.settled('b-x', {}, { master: 'cicd' });
    expect(f.found('completed-without-evidence').map(({ task }) => task)).toEqual(['a-x']);
  });

  it('is found when it was done in no time', () => {
    const f = fleet();
    for (let i = 0; i < 40; i++) f.settled(`a-${i}`, { minutes: 2 + (i % 7) });
    f.settled('a-x', { minutes: 0.001 });
    expect(f.found('completed-without-evidence').map(({ task }) => task)).toEqual(['a-x']);
  });
});

it('tokens warn at 0.8 of the budget, and are critical at 0.95', () => {
  const f = fleet();
  f.decided('t-1', { tokenBudget: 1_000 });
  for (const tokens of [700, 800, 940, 950]) f.beat('w-1', { tasks: ['t-1'], gauges: { tokens } });
  expect(f.found('token-budget').map(({ severity }) => severity)).toEqual(['warning', 'warning', 'critical']);
});

describe('a growing queue', () => {
  it('is found within a minute', () => {
    const f = fleet();
    f.pass(60, (s) => void (s % 5 === 0 && f.backlog({ pending: 2 })));
    f.mark();
    f.pass(70, (s) => void (s % 5 === 0 && f.backlog({ pending: 2 + s })));
    expect(f.delay('queue-growing')).toBeLessThanOrEqual(50);
  });

  it('is found where it is long already and does not double', () => {
    const f = fleet();
    f.pass(60, (s) => void (s % 5 === 0 && f.backlog({ pending: 500 })));
    f.mark();
    f.pass(70, (s) => void (s % 5 === 0 && f.backlog({ pending: 500 + 3 * s })));
    expect(f.delay('queue-growing')).toBeLessThanOrEqual(60);
  });

  it('is not found where it is long and stays as it is', () => {
    const f = fleet();
    f.pass(130, (s) => void (s % 5 === 0 && f.backlog({ pending: 500 + (s % 2) })));
    expect(f.found('queue-growing')).toEqual([]);
  });

  it('is not found in a burst that is being worked off', () => {
    const f = fleet();
    f.pass(60, (s) => void (s % 5 === 0 && f.backlog({ pending: 2 })));
    f.pass(70, (s) => void (s % 5 === 0 && f.backlog({ pending: Math.max(0, 90 - s) })));
    expect(f.found('queue-growing')).toEqual([]);
  });
});

it('a retry storm is found with its tenth repeated attempt in a minute', () => {
  const f = fleet();
  f.mark();
  f.pass(30, (s) => {
    if (s % 2 === 0) triedAgain(f, `t-${s}`);
  });
  expect(f.delay('retry-storm')).toBeLessThanOrEqual(20);
});

it('a storm that a master was paused for is over when it was tried out and succeeded', () => {
  const f = fleet();
  f.pass(30, (s) => triedAgain(f, `t-${s}`));
  const before = f.found('retry-storm').length;
  expect(before).toBeGreaterThan(0);
  f.say({ kind: 'proven', master: 'security' });
  f.pass(60);
  expect(f.found('retry-storm')).toHaveLength(before);
});

it('nine repeated attempts in a minute are no storm, nor ten beside sixty tasks that end', () => {
  for (const [attempts, settle] of [
    [9, 0],
    [10, 60],
  ] as const) {
    const f = fleet();
    f.pass(60, (s) => {
      for (let i = 0; i < settle / 30 && s < 30; i++) f.settled(`done-${s}-${i}`);
      if (s >= 30 && s < 30 + attempts) triedAgain(f, `t-${s}`);
    });
    expect(f.found('retry-storm')).toEqual([]);
  }
});

describe("a master's success", () => {
  it('collapsing is found within a dozen failures, and over again after as many successes', () => {
    const f = fleet();
    for (let i = 0; i < 200; i++) f.settled(`a-${i}`, { success: i % 10 !== 0 });
    f.pass(1);
    expect(f.found('success-collapse')).toEqual([]);
    let failures = 0;
    while (f.found('success-collapse').length === 0 && failures < 40) {
      f.settled(`b-${failures++}`, { status: 'failed', success: false });
      f.pass(1);
    }
    expect(failures).toBeLessThanOrEqual(13);
    const before = f.found('success-collapse').length;
    for (let i = 0; i < 60; i++) f.settled(`c-${i}`);
    f.pass(5);
    expect(f.found('success-collapse').length).toBe(before);
  });

  it('does not collapse by chance: 20,000 outcomes of a master that fails every fifth time', () => {
    const f = fleet();
    let seed = 7;
    const random = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed / 2_147_483_648;
    };
    // What a fixed threshold would do that finds a collapse as soon: half of the last twelve failed.
    const lately: boolean[] = [];
    let fixed = 0;
    for (let i = 0; i < 20_000; i++) {
      const success = random() > 0.2;
      f.settled(`a-${i}`, { success });
      if (i % 10 === 0) f.pass(1);
      lately.push(success);
      if (lately.length === 12 && lately.filter((s) => !s).length >= 6) {
        fixed++;
        lately.length = 0;
      } else if (lately.length === 12) lately.shift();
    }
    expect(f.found('success-collapse')).toEqual([]);
    expect(fixed).toBeGreaterThan(50);
  });
});

it('one starving master is found after two minutes while others get on', () => {
  const f = fleet();
  f.beat('w-1');
  f.beat('w-1', { status: 'draining' });
  f.mark();
  let n = 0;
  f.pass(180, (s) => {
    if (s % 5 === 0) {
      f.backlog({ pending: 4 });
      f.backlog({ master: 'cicd', pending: 4 });
      f.settled(`c-${n++}`, {}, { master: 'cicd' });
    }
  });
  expect(f.delay('starving-master')).toBeLessThanOrEqual(122);
  expect(f.found('starving-master').every(({ master }) => master === 'security')).toBe(true);
});

it('a master whose queue stands still while nobody else gets on either is not starving, nor one whose workers are at it', () => {
  const still = fleet();
  still.beat('w-1');
  still.pass(180, (s) => void (s % 5 === 0 && still.backlog({ pending: 4 })));
  expect(still.found('starving-master')).toEqual([]);
  const busy = fleet();
  let n = 0;
  busy.decided('t-long');
  busy.pass(180, (s) => {
    if (s % 5 !== 0) return;
    busy.beat('w-1', { tasks: ['t-long'] });
    busy.backlog({ pending: 4 });
    busy.settled(`c-${n++}`, {}, { master: 'cicd' });
  });
  expect(busy.found('starving-master')).toEqual([]);
});

it('decisions that get worse are found within twenty corrections', () => {
  const f = fleet();
  const label = (id: string, right: boolean) => {
    f.settled(id);
    f.say({
      kind: 'step',
      task: id,
      step: 'corrected',
      master: 'security',
      priority: 'medium',
      revision: 3,
      settled: true,
      correctMaster: right ? 'security' : 'cicd',
    });
  };
  for (let i = 0; i < 100; i++) label(`a-${i}`, i % 12 !== 0);
  f.pass(1);
  expect(f.found('decision-quality')).toEqual([]);
  let wrong = 0;
  while (f.found('decision-quality').length === 0 && wrong < 40) {
    label(`b-${wrong++}`, false);
    f.pass(1);
  }
  expect(wrong).toBeLessThanOrEqual(20);
});
