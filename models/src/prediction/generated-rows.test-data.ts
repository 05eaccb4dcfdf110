// Tasks with known rules behind their outcomes, for tests: what can be learned is stated here, so a test can demand it.
import { seededRandom } from '../metrics/index.js';
import type { OutcomeRow } from './index.js';

const TOPICS = [
  'database migration',
  'login page',
  'payment report',
  'container image',
  'search index',
  'email template',
];
const MASTERS = ['development', 'security', 'inventory'];

/** Success depends on topic and master, minutes on the field `size` with noise that grows with it. */
export function generatedRows(count: number, seed: number): OutcomeRow[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, i): OutcomeRow => {
    const topic = Math.floor(random() * TOPICS.length);
    const master = Math.floor(random() * MASTERS.length);
    const size = 1 + Math.floor(random() * 20);
    const chance = (topic + master) % 3 === 0 ? 0.9 : 0.35;
    const noise = Math.exp((random() + random() + random() - 1.5) * 0.8);
    return {
      text: `Please fix the ${TOPICS[topic]} number ${i} for customer ${Math.floor(random() * 50)}`,
      master: MASTERS[master]!,
      features: { size, team: random() < 0.5 ? 'core' : 'edge' },
      success: random() < chance ? 1 : 0,
      minutes: 3 * size * noise,
    };
  });
}
