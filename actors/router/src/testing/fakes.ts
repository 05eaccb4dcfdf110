// Stand-ins where a test needs a moment that the real parts cannot be made to have: an encoder that hangs, or fails once.
import { extractTrace, type Question } from '@cortex/bus';
import type { Encoder } from '@cortex/models';
import { encodeMessage } from '@cortex/schemas';
import type { Opinion, Panel } from '../panel.js';

/** An encoder whose answers a test gives. */
export function encoderOf(
  encode: (texts: readonly string[], signal?: AbortSignal) => Promise<Float32Array[]>,
): Encoder {
  return {
    id: 'fake',
    dimensions: 2,
    encode: (texts, options) => encode(texts, options?.signal),
    close: async () => undefined,
  };
}

export const vectorsFor = (texts: readonly string[]): Float32Array[] => texts.map(() => new Float32Array([1, 0]));

/** A panel that says `words` without and `meaning` with vectors, and counts how often it is asked. */
export function panelOf(options: { sure?: (text: string) => boolean; identity?: string } = {}) {
  const asked = { quick: 0, full: 0 };
  const opinion = (master: string, name: string, sure: boolean): Opinion => ({
    probabilities: { [master]: 0.8, other: 0.2 },
    scope: 1,
    candidates: [master],
    experts: [{ name, probabilities: { [master]: 0.8, other: 0.2 }, latency_ms: 0.1, abstained: false, weight: 1 }],
    abstain: false,
    explanation: [],
    ...(sure ? { sure: 'words' as const } : {}),
  });
  const panel: Panel = {
    version: 'router@1',
    identity: options.identity ?? 'one',
    needsEncoder: true,
    async quick(queries) {
      asked.quick += queries.length;
      return queries.map(({ text }) => opinion('words', 'lexical', options.sure?.(text) ?? false));
    },
    async full(queries) {
      asked.full += queries.length;
      return queries.map(({ embedding }) => {
        if (!embedding) throw new Error('no vector');
        return opinion('meaning', 'embedding', false);
      });
    },
  };
  return { panel, asked };
}

export function questionOf(
  task: Record<string, unknown>,
  withinMs = 10_000,
  more: Record<string, unknown> = {},
): Question {
  return {
    data: encodeMessage({ task: { id: 't', priority: 'medium', ...task }, ...more }),
    deadline: Date.now() + withinMs,
    context: extractTrace(undefined),
  };
}
