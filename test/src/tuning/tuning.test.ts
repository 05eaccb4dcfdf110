// Concurrency tuned on a real bus: tried in turn, every step told, and taken back by a person for good.
import { undoAct } from '@cortex/actor-watchdog';
import { openSettings } from '@cortex/bus';
import { describeOnServer } from '@cortex/bus/testing';
import { expect, it } from 'vitest';
import { runTuning } from './run.js';

describeOnServer('the concurrency of a master’s workers', (suite) => {
  it('is tried out in turn, says so, and stays where it was once a person takes it back', async () => {
    const bus = await suite.connect();
    let undone: string | undefined;
    let since = 0;
    const seen = await runTuning((name) => suite.connect({ name }), {
      tune: { start: 1, most: 4 },
      roundMs: 400,
      burst: 4,
      everyMs: 400,
      taskMs: 60,
      targetSeconds: 5,
      async until(now) {
        const tried = now.actions.find(({ kind, state }) => kind === 'tune-concurrency' && state === 'done');
        if (undone === undefined) {
          if (!tried || now.mostAtOnce < 2) return false;
          expect(tried).toMatchObject({ target: 'master:alpha', before: 1, after: 2, undo: true });
          await undoAct(bus, tried.id, 'anna');
          undone = tried.id;
          since = now.bursts;
        }
        // Some rounds later the worker does one at a time again, and goes on so.
        if (now.bursts - since <= 10) now.mostAtOnce = 0;
        return now.bursts - since > 20;
      },
    });
    expect(seen.mostAtOnce).toBe(1);
    expect(seen.actions.some(({ id, state }) => id === undone && state === 'undone')).toBe(true);
    const settings = await openSettings(bus);
    expect(settings.get('watchdog.tune')).toMatchObject({ fixed: { alpha: 1 } });
    settings.close();
  }, 120_000);
});
