import { openMasters, publish, silentLogger, type TaskLog, taskLog } from '@cortex/bus';
import { describeOnServer, until } from '@cortex/bus/testing';
import {
  decodeMessage,
  EVENT_TYPES,
  type ReviewAnswer,
  type ReviewRequest,
  reviewAnswerSchema,
  reviewRequestSchema,
} from '@cortex/schemas';
import { expect, it } from 'vitest';
import { keyOf, openJournal } from '../journal.js';
import { startDiscovery } from './discovery.js';

const encoder = process.env.CORTEX_ENCODER;
if (!encoder && process.env.CORTEX_REQUIRE_ALL === '1') throw new Error('no encoder: CORTEX_ENCODER is not set');
const QUIET = { everyMs: 3_600_000, least: 8, log: silentLogger, announced: () => [] };
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

/** A record of a task that fitted no master. */
function unowned(id: string, text: string): Parameters<TaskLog['append']> {
  const decision = {
    task: id,
    master: 'coordinator',
    confidence: 0.2,
    probabilities: {},
    experts: [],
    method: 'ensemble' as const,
    propensity: 1,
    candidates: [],
    models: {},
    arm: 'champion' as const,
    explanation: [],
    latency_ms: 1,
    decided_at: new Date().toISOString(),
  };
  const task = { id, text, priority: 'medium' as const };
  return [id, { step: 'decided', task, decided_revision: 1, decision }, 'coordinator', 'medium', undefined];
}

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
    for (const [i, thing] of THINGS.entries())
      await log.append(...unowned(`plant-${i}`, `Water the plants in the ${thing} please`));
    await log.append(...unowned('odd-1', 'What is the meaning of life?'));
    const asked: ReviewRequest[] = [];
    bus.nc.subscribe(bus.subjects.reviewsRequested, {
      callback: (_error, message) => {
        asked.push(decodeMessage('review', reviewRequestSchema, message.data));
      },
    });
    const moved = new Map<string, ReviewAnswer>();
    bus.nc.subscribe(bus.subjects.reviewsAnswered, {
      callback: (_error, message) => {
        const answer = decodeMessage('answer', reviewAnswerSchema, message.data);
        if (answer.task !== undefined) moved.set(answer.task, answer);
      },
    });
    const journal = await openJournal(bus);
    const discovery = startDiscovery({ ...QUIET, bus, journal, masters, leads: () => true, encoder });
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
      // Those that still wait with nobody go to it, on the word of who accepted, and are no labels.
      await until('its tasks', () => moved.size === THINGS.length);
      for (const answer of moved.values())
        expect(answer).toMatchObject({ master: 'facilities', by: 'ada', default: true, if_revision: 1 });
      expect(moved.has('odd-1')).toBe(false);
      expect(masters.find('facilities')?.examples).toHaveLength(10);
      expect(await discovery.look()).toBe(0);
    } finally {
      discovery.stop();
      await masters.close();
    }
  });

  it.skipIf(!encoder)('is proposed to whose workers say that they can do it, under their name', async () => {
    const bus = await connect({ name: 'discovery' });
    const masters = await openMasters(bus);
    const asked: ReviewRequest[] = [];
    bus.nc.subscribe(bus.subjects.reviewsRequested, {
      callback: (_error, message) => void asked.push(decodeMessage('review', reviewRequestSchema, message.data)),
    });
    const log = taskLog(bus);
    for (const [i, thing] of THINGS.entries())
      await log.append(...unowned(`lamp-${i}`, `Change the lamp in the ${thing}`));
    const announced = () => [
      { worker: 'w-1', master: 'janitors', capabilities: ['change a lamp', 'repair chairs'] },
      { worker: 'w-2', master: 'security', capabilities: ['scan software for vulnerabilities'] },
    ];
    const journal = await openJournal(bus);
    const discovery = startDiscovery({ ...QUIET, bus, journal, masters, leads: () => true, announced, encoder });
    try {
      await discovery.look();
      const request = await until('the question', () => asked.find(({ question }) => /lamp/.test(question)));
      expect(request.question).toMatch(/Register a master "janitors"/);
      expect(request.context?.able).toContainEqual({ master: 'janitors', does: 'change a lamp', says: ['w-1'] });
      await publish(
        bus,
        bus.subjects.reviewsAnswered,
        { review: request.id, answer: 'approve', by: 'ada', at: new Date().toISOString() },
        { type: EVENT_TYPES.reviewAnswered },
      );
      await until('the new master', () => masters.find('janitors') !== undefined);
      await until('its record', async () => {
        const kept = await journal.list<{ review: string; state: string }>('proposal');
        return kept.some(({ value }) => value.review === request.id && value.state === 'accepted');
      });
    } finally {
      discovery.stop();
      await masters.close();
    }
  });

  it('is carried out when it was answered while nobody led, as an extension, a refusal, or late; and once', async () => {
    const bus = await connect({ name: 'discovery' });
    const masters = await openMasters(bus);
    await masters.put({ name: 'inventory', description: 'Counts things.', examples: ['Count the laptops'] });
    const journal = await openJournal(bus);
    const propose = async (kind: 'new-master' | 'extend-master', name: string) => {
      const key = keyOf('proposal', name);
      const review = `capability-${key.slice('proposal.'.length)}`;
      const proposal = { review, state: 'asked', kind, name, description: `Does ${name}.` };
      await journal.create(key, { ...proposal, examples: [`Do ${name} now`], tasks: [`${name}-1`] });
      return { key, review };
    };
    const [more, refused, late, open] = [
      await propose('extend-master', 'inventory'),
      await propose('new-master', 'gardening'),
      await propose('new-master', 'catering'),
      await propose('new-master', 'parking'),
    ];
    const answer = (review: string, word: string, by: string) =>
      publish(
        bus,
        bus.subjects.reviewsAnswered,
        { review, answer: word, by, at: new Date().toISOString(), ...(by === 'watchdog' ? { default: true } : {}) },
        { type: EVENT_TYPES.reviewAnswered },
      );
    await answer(more.review, 'approve', 'ada');
    await answer(refused.review, 'reject', 'ada');
    await answer(refused.review, 'approve', 'bob');
    await answer(late.review, 'expired', 'watchdog');
    await answer(open.review, 'expired', 'watchdog');
    let leads = false;
    const discovery = startDiscovery({ ...QUIET, bus, journal, masters, leads: () => leads, encoder: undefined });
    const stateOf = async ({ key }: { key: string }) => (await journal.get<{ state: string }>(key))?.value.state;
    try {
      leads = true;
      await discovery.takeUp();
      expect(masters.find('inventory')).toMatchObject({
        description: 'Counts things.',
        examples: ['Count the laptops', 'Do inventory now'],
      });
      expect(await Promise.all([more, refused, late, open].map(stateOf))).toEqual([
        'accepted',
        'rejected',
        'expired',
        'expired',
      ]);
      await answer(late.review, 'kitchen', 'ada');
      await until('the late one', () => masters.find('kitchen') !== undefined);
      await until('its record', async () => (await stateOf(late)) === 'accepted');
      expect(['gardening', 'catering', 'parking'].filter((name) => masters.find(name))).toEqual([]);
      // Whoever leads next finds nothing to do.
      await masters.remove('kitchen');
      await discovery.takeUp();
      expect(masters.find('kitchen')).toBeUndefined();
      const { state } = await bus.jsm.streams.info('ACTIONS');
      const last = await bus.jsm.streams.getMessage('ACTIONS', { seq: state.last_seq });
      expect(last?.json()).toMatchObject({ kind: 'add-master', by: 'ada', target: 'kitchen' });
    } finally {
      discovery.stop();
      await masters.close();
    }
  });
});
