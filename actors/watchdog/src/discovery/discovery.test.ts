import { openMasters, publish, silentLogger, taskLog } from '@cortex/bus';
import { describeOnServer, until } from '@cortex/bus/testing';
import { decodeMessage, EVENT_TYPES, type ReviewRequest, reviewRequestSchema } from '@cortex/schemas';
import { expect, it } from 'vitest';
import { openJournal } from '../journal.js';
import { startDiscovery } from './discovery.js';

const encoder = process.env.CORTEX_ENCODER;
const THINGS = [
  'desk',
  'office',
  'meeting room',
  'canteen',
  'garage',
  'reception',
  'kitchen',
  'library',
  'lab',
  'lobby',
];

describeOnServer('unowned work', ({ connect }) => {
  it.skipIf(!encoder)('is put to a person once, and registered when the person agrees', async () => {
    const bus = await connect({ name: 'discovery' });
    const masters = await openMasters(bus);
    for (const [name, verb] of [
      ['security', 'Scan'],
      ['cicd', 'Deploy'],
    ] as const)
      await masters.put({
        name,
        description: `${verb}s software.`,
        examples: ['gateway', 'web shop', 'billing', 'search', 'mobile app', 'api'].map(
          (s) => `${verb} the ${s} service`,
        ),
      });
    const log = taskLog(bus);
    const unowned = async (id: string, text: string) =>
      log.append(
        id,
        {
          step: 'decided',
          task: { id, text, priority: 'medium' },
          decided_revision: 1,
          decision: {
            task: id,
            master: 'coordinator',
            confidence: 0.2,
            probabilities: {},
            experts: [],
            method: 'ensemble',
            propensity: 1,
            candidates: [],
            models: {},
            arm: 'champion',
            explanation: [],
            latency_ms: 1,
            decided_at: new Date().toISOString(),
          },
        },
        'coordinator',
        'medium',
        undefined,
      );
    for (const [i, thing] of THINGS.entries()) await unowned(`plant-${i}`, `Water the plants in the ${thing} please`);
    await unowned('odd-1', 'What is the meaning of life?');
    const asked: ReviewRequest[] = [];
    bus.nc.subscribe(bus.subjects.reviewsRequested, {
      callback: (_error, message) => {
        asked.push(decodeMessage('review', reviewRequestSchema, message.data));
      },
    });
    const journal = await openJournal(bus);
    const discovery = startDiscovery({
      bus,
      journal,
      masters,
      leads: () => true,
      encoder,
      everyMs: 3_600_000,
      least: 8,
      log: silentLogger,
    });
    try {
      expect(await discovery.look()).toBe(1);
      await until('the question', () => asked.length === 1);
      expect(asked[0]?.kind).toBe('capability');
      expect(asked[0]?.question).toMatch(/plants/);
      expect(JSON.stringify(asked[0]?.context)).not.toContain('odd-1');
      // Looked again: the same question is not asked again.
      expect(await discovery.look()).toBe(0);
      await publish(
        bus,
        bus.subjects.reviewsAnswered,
        { review: asked[0]?.id, answer: 'facilities', by: 'ada', at: new Date().toISOString() },
        { type: EVENT_TYPES.reviewAnswered },
      );
      await until('the new master', () => masters.find('facilities') !== undefined);
      expect(masters.find('facilities')?.examples).toHaveLength(10);
      expect(await discovery.look()).toBe(0);
    } finally {
      discovery.stop();
      await masters.close();
    }
  });
});
