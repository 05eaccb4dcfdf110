// A log with something to learn from, for the tests of this actor.
import { type Bus, openMasters, provisionMaster, taskLog } from '@cortex/bus';
import type { Decision } from '@cortex/schemas';

export const MASTERS = {
  kitchen: ['bake bread', 'boil pasta', 'season the soup', 'chop onions', 'whisk eggs'],
  garden: ['prune roses', 'water tomatoes', 'mow the lawn', 'plant bulbs', 'rake leaves'],
} as const;
const STARTS = ['please', 'can somebody', 'today we must', 'who will', 'remember to', 'next:', 'when will you'];
const ENDS = [
  'before noon',
  'for the guests',
  'as agreed with Ann',
  'again',
  'at last',
  'once more',
  'with care',
  'for us',
  'in turn',
  'by Friday',
  'alone',
];

export async function registerMasters(bus: Bus): Promise<void> {
  const registry = await openMasters(bus);
  for (const name of Object.keys(MASTERS)) {
    await provisionMaster(bus, name);
    await registry.put({ name, description: `Everything about the ${name}` });
  }
  await registry.close();
}

/** Settles `count` tasks, alternating between the masters; returns how many were settled. */
export async function settleTasks(bus: Bus, count: number, from = 0): Promise<number> {
  const log = taskLog(bus);
  const names = Object.keys(MASTERS) as (keyof typeof MASTERS)[];
  for (let i = from; i < from + count; i++) {
    const master = names[i % names.length] as keyof typeof MASTERS;
    const phrases = MASTERS[master];
    // Few texts for many tasks would look generated, and not be learned from.
    const text = `${STARTS[i % STARTS.length]} ${phrases[Math.floor(i / 2) % phrases.length]} ${ENDS[Math.floor(i / 3) % ENDS.length]}`;
    const id = `task-${i}`;
    const task = { id, priority: 'medium' as const, text, source: 'github' };
    const decided = await log.append(
      id,
      { step: 'decided', task, decision: decisionOf(id, master) },
      master,
      'medium',
      undefined,
    );
    const outcome = {
      task: id,
      status: 'completed' as const,
      success: i % 7 !== 0,
      minutes: 5 + (i % 11),
      tokens: 900 + i,
    };
    await log.append(
      id,
      { step: 'settled', task, decision: decisionOf(id, master), outcome, settled_as: 'settled' },
      master,
      'medium',
      decided,
    );
  }
  return count;
}

function decisionOf(task: string, master: string): Decision {
  return {
    task,
    master,
    confidence: 0.9,
    probabilities: { [master]: 0.9 },
    experts: [],
    method: 'ensemble',
    propensity: 1,
    candidates: [master],
    models: {},
    arm: 'champion',
    explanation: [],
    latency_ms: 1,
    decided_at: '2026-01-01T00:00:00Z',
  };
}
