import { startTelemetry, type Telemetry, testServerBinary, traceIdOf, until, withSpan } from '@cortex/bus';
import { SPAN_KEYS } from '@cortex/schemas';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Stage, stage } from './testing/stage.js';

interface Ended {
  name: string;
  attributes: Record<string, unknown>;
  duration: [number, number];
  parentSpanContext?: { spanId: string };
  spanContext(): { traceId: string; spanId: string };
}

describe.skipIf('missing' in testServerBinary())('the trace of an ask', () => {
  let on: Stage;
  let telemetry: Telemetry;
  const ended: Ended[] = [];
  beforeAll(async () => {
    telemetry = await startTelemetry({
      service: 'test',
      processors: [
        {
          onStart: () => undefined,
          onEnd: (span) => void ended.push(span as Ended),
          forceFlush: async () => undefined,
          shutdown: async () => undefined,
        },
      ],
    });
    on = await stage();
    await on.router({ encoder: 'off' });
  });
  afterAll(async () => {
    await on?.stop();
    await telemetry?.shutdown();
  });

  it('holds one span for each expert that was heard, below the one of the ask, in the trace of the asker', async () => {
    let traceId: string | undefined;
    const answer = await withSpan('asker', {}, async () => {
      traceId = traceIdOf();
      return on.ask('Scan for a vulnerability in the warehouse');
    });
    const mine = () => ended.filter((span) => span.spanContext().traceId === traceId);
    await until('the spans have ended', () => mine().some(({ name }) => name === 'process cortex.ask.router'));
    const asked = mine().find(({ name }) => name === 'process cortex.ask.router');
    const experts = mine().filter(({ name }) => name.startsWith('expert '));
    const heard = answer.experts.filter(({ abstained }) => !abstained).map(({ name }) => name);
    expect(heard).not.toHaveLength(0);
    expect(experts.map(({ attributes }) => attributes[SPAN_KEYS.expert]).sort()).toEqual([...heard].sort());
    for (const span of experts) {
      expect(span.parentSpanContext?.spanId).toBe(asked?.spanContext().spanId);
      const voice = answer.experts.find(({ name }) => name === span.attributes[SPAN_KEYS.expert]);
      expect(span.duration[0] * 1_000 + span.duration[1] / 1e6).toBeCloseTo(voice?.latency_ms ?? Number.NaN, 2);
    }
    expect(mine().length).toBeLessThanOrEqual(6);
  });
});
