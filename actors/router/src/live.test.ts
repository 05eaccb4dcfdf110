import { type ChildProcess, fork } from 'node:child_process';
import { testServerBinary, until } from '@cortex/bus';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { best, type Stage, stage } from './testing/stage.js';

const noServer = 'missing' in testServerBinary();
const PROCESS = new URL('../dist/testing/router-process.js', import.meta.url);

describe.skipIf(noServer)('the registry, live', () => {
  let on: Stage;
  beforeEach(async () => {
    on = await stage();
    await on.router({ encoder: 'off', debounce_ms: 50 });
  });
  afterEach(() => on?.stop());

  it('a master registered a moment ago is chosen for its work', async () => {
    const text = 'Translate the user manual into Portuguese';
    expect(best(await on.ask(text))).not.toBe('translation');
    await on.masters.put({
      name: 'translation',
      description: 'Translates manuals and web pages into other languages.',
    });
    await until('translation is chosen', async () => best(await on.ask(text)) === 'translation');
  });

  it('a removed master is never chosen again, from the moment the registry says so', async () => {
    expect(best(await on.ask('Order stock for the warehouse'))).toBe('inventory');
    await on.masters.remove('inventory');
    await until(
      'it is out',
      async () => !('inventory' in (await on.ask('Order stock for the warehouse')).probabilities),
    );
    for (let i = 0; i < 50; i++) {
      const answer = await on.ask(`Order stock for the warehouse ${i}`);
      expect(Object.keys(answer.probabilities)).not.toContain('inventory');
      for (const vote of answer.experts) expect(Object.keys(vote.probabilities)).not.toContain('inventory');
    }
  });

  it('a paused master gets nothing until it is resumed, then its work again', async () => {
    await on.masters.change('cicd', { status: 'paused' });
    await until('it is out', async () => !('cicd' in (await on.ask('Deploy the pipeline')).probabilities));
    await on.masters.change('cicd', { status: 'active' });
    await until('it is back', async () => best(await on.ask('Deploy the pipeline')) === 'cicd');
  });

  it('changes drop no ask: two hundred are answered while masters come and go', async () => {
    const asks: Promise<unknown>[] = [];
    for (let round = 0; round < 10; round++) {
      await on.masters.put({ name: `extra-${round % 3}`, description: `Takes care of matter ${round}.` });
      if (round % 2 === 1) await on.masters.remove(`extra-${round % 3}`);
      for (let i = 0; i < 20; i++) asks.push(on.ask(`Deploy service ${round}-${i}`));
    }
    const answers = await Promise.all(asks);
    expect(answers).toHaveLength(200);
  });
});

describe.skipIf(noServer)('a bus that dies', () => {
  it('costs nothing but the asks under way: the router answers again when it is back, with the registry as it is then', async () => {
    const on = await stage();
    try {
      const router = await on.router({ encoder: 'off', debounce_ms: 20 });
      expect(best(await on.ask('Order stock for the warehouse'))).toBe('inventory');
      await on.server.kill();
      await on.server.restart();
      await until(
        'it answers again',
        async () =>
          best(await on.ask('Order stock for the warehouse', { within: 500 }).catch(() => ({ probabilities: {} }))),
        30_000,
      );
      expect(router.detail() ?? '').not.toContain('asks');
      await on.masters.remove('inventory');
      await until(
        'it is out',
        async () => !('inventory' in (await on.ask('Order stock for the warehouse')).probabilities),
      );
    } finally {
      await on.stop();
    }
  });
});

describe.skipIf(noServer)('several routers', () => {
  let on: Stage;
  let child: ChildProcess | undefined;
  beforeEach(async () => {
    on = await stage();
  });
  afterEach(async () => {
    child?.kill('SIGKILL');
    await on?.stop();
  });

  it('share the asks without being told of each other', async () => {
    const settings = { encoder: 'off', batch: 4, concurrency: 1 };
    const [a, b] = [await on.router(settings), await on.router(settings)];
    const before = [a, b].map((router) => router.bus.nc.stats().outMsgs);
    await Promise.all(Array.from({ length: 400 }, (_, i) => on.ask(`Deploy service ${i}`)));
    const sent = [a, b].map((router, i) => router.bus.nc.stats().outMsgs - (before[i] ?? 0));
    expect(Math.min(...sent)).toBeGreaterThan(20);
  });

  it('one that is killed loses only what it held: its askers time out, all others and all later ones are answered', async () => {
    const settings = { encoder: 'off', batch: 4, concurrency: 1, cache_folder: on.cacheFolder };
    child = fork(PROCESS, [JSON.stringify(settings)], {
      env: { ...process.env, NATS_URL: on.server.url },
      execArgv: [],
    });
    const doomed = child;
    await new Promise<void>((resolve, reject) => {
      doomed.once('message', () => resolve());
      doomed.once('exit', () => reject(new Error('the router process did not start')));
    });
    await on.router(settings);
    const wave = Array.from({ length: 400 }, (_, i) =>
      on.ask(`Deploy service ${i}`, { within: 3_000 }).then(
        () => 'answered',
        (error: Error) => error.name,
      ),
    );
    doomed.kill('SIGKILL');
    const results = await Promise.all(wave);
    const lost = results.filter((result) => result !== 'answered');
    expect(new Set(lost).size <= 1 && lost.every((name) => name === 'AskTimeout')).toBe(true);
    // batch × concurrency are the most it can have had in hand, in its socket and in its process.
    expect(lost.length).toBeLessThanOrEqual(8);
    const later = await Promise.all(Array.from({ length: 50 }, (_, i) => on.ask(`Order stock ${i}`)));
    expect(later.every((answer) => best(answer) === 'inventory')).toBe(true);
  });
});
