// A thousand real tickets, once in peace and once while everything is killed -9 in turn. Accuracy is printed, not judged, here.
import { testServerBinary } from '@cortex/bus/testing';
import { describe, expect, it } from 'vitest';
import { dataFolder } from '../harness/data.js';
import { runTickets } from './run.js';

const missing = [testServerBinary(), dataFolder('routing/it-tickets')].flatMap((x) =>
  'missing' in x ? [x.missing] : [],
);
const log = (line: string) => process.stderr.write(`tickets: ${line}\n`);
const encoder = process.env.CORTEX_ENCODER;

describe.skipIf(missing.length > 0)(
  `a thousand tickets${missing.length > 0 ? ` (skipped: ${missing.join('; ')})` : ''}`,
  () => {
    it('are each decided, delivered and done exactly once', { timeout: 900_000 }, async () => {
      const report = await runTickets({ encoder, reviews: true, trained: true, log });
      log(JSON.stringify(report));
      expect(report).toMatchObject({
        submitted: 1_000,
        decided: 1_000,
        delivered: 1_000,
        done: 1_000,
        twice: 0,
        run_again: 0,
        dead_letters: 0,
      });
      expect(report.methods).toEqual({ ensemble: 1_000 });
      expect(report.asked_share).toBeGreaterThan(0);
      // What was evaluated is what serves: within two points, unsure tasks falling back to the best master.
      const { evaluated, through_nats } = report.trained ?? { evaluated: 1, through_nats: 0 };
      expect(Math.abs(evaluated - through_nats)).toBeLessThanOrEqual(0.02);
    });

    it('are each done, and counted once, while coordinator, router, workers and nats-server are killed -9 in turn', {
      timeout: 900_000,
    }, async () => {
      const report = await runTickets({ encoder, kill: true, log });
      log(JSON.stringify(report));
      expect(report).toMatchObject({
        submitted: 1_000,
        decided: 1_000,
        delivered: 1_000,
        done: 1_000,
        twice: 0,
        dead_letters: 0,
      });
      for (const kind of ['coordinator', 'router', 'worker', 'nats-server'])
        expect(report.kills[kind], kind).toBeGreaterThanOrEqual(2);
    });
  },
);
