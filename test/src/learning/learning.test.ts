// The learning demonstration in short: fewer tasks, the same real parts. The whole one is `npm run demo:learning`.
import { testServerBinary } from '@cortex/bus/testing';
import { describe, expect, it } from 'vitest';
import { dataFolder } from '../harness/data.js';
import { runEqual } from './equal.js';
import { runHarm } from './harm.js';
import { runImprove } from './improve.js';
import { pictureOf } from './picture.js';

const folder = dataFolder('routing/it-tickets');
const missing = [testServerBinary(), folder].flatMap((x) => ('missing' in x ? [x.missing] : []));
const data = 'path' in folder ? folder.path : '';
const log = (line: string) => process.stderr.write(`learning: ${line}\n`);

describe.skipIf(missing.length > 0)(`learning${missing.length > 0 ? ` (skipped: ${missing.join('; ')})` : ''}`, () => {
  it('goes on by itself from tasks and what people say of them: a version is trained, tried as a shadow, and better', {
    timeout: 300_000,
  }, async () => {
    const report = await runImprove({ data, tasks: 800, each: 50, volume: 350, seed: 1, trainer: true, log });
    expect(report).toMatchObject({ tasks: 800, lost: 0 });
    expect(report.events.map(({ event }) => event)).toEqual(expect.arrayContaining(['trained', 'promoted', 'shadow']));
    // Learnt from outcomes alone; ten points and more over the whole stream.
    expect(report.newest_accuracy.value - report.first.value).toBeGreaterThan(0.05);
    expect(report.harmed / report.tasks).toBeLessThan(0.01);
    const picture = pictureOf(report);
    expect(picture).toContain('<polyline');
    expect(picture).not.toMatch(/NaN|undefined/);
  });

  it('stops a model trained on nonsense, a slow one, a broken one and an unfair one before they get a quarter of the traffic', {
    timeout: 300_000,
  }, async () => {
    const reports = await runHarm({ data, tasks: 700, seed: 1, straight: false, brief: true, log });
    expect(reports).toHaveLength(4);
    for (const report of reports) {
      expect(report.stopped_after_tasks, report.scenario).not.toBeNull();
      expect(report.highest_share, report.scenario).toBeLessThan(0.25);
      expect(report.harmed_share, report.scenario).toBeLessThan(0.01);
      expect(report.lost, report.scenario).toBe(0);
    }
  });

  it('calls no more than one in twenty equal models better, over 200 trials', { timeout: 120_000 }, () => {
    const report = runEqual(200, 400);
    log(
      `type I error ${report.type_1_error} (${report.interval.join(' to ')}) over ${report.runs} trials of equal models`,
    );
    expect(report.type_1_error).toBeLessThanOrEqual(0.05);
    expect(report.successor.type_1_error).toBeLessThanOrEqual(0.05);
  });
});
