// Answering asks in micro-batches: whatever waits together is handled together, stale questions are dropped, one answer each.

import { EVENT_TYPES, encodeMessage, HEADERS, SPAN_KEYS } from '@cortex/schemas';
import { type Context, context, trace } from '@opentelemetry/api';
import type { Bus } from '../connection/connect.js';
import { type Delivery, startPuller } from '../consume/index.js';
import { count, eventHeaders, extractTrace, failSpan, startMessagingSpan } from '../telemetry/index.js';

export interface Question {
  readonly data: Uint8Array;
  /** Milliseconds since the epoch after which nobody reads the answer. */
  readonly deadline: number;
  /** Context of this question's span: parent for whatever is done for it. */
  readonly context: Context;
}

export interface ServeOptions {
  /** Which actor answers: `router`, `predictor`. Its consumer on ASKS has the same name. */
  readonly actor: string;
  /** Most questions in one batch. Default 32. */
  readonly batch?: number;
  /** Batches handled at once. Default 2: one thinks while the other one's results are sent. */
  readonly concurrency?: number;
  readonly onMissing?: (missing: boolean) => void;
  /** One answer (or Error) per question, in order. One that is a promise is sent when it is there: the others do not wait. */
  readonly answer: (questions: Question[]) => Promise<(object | Error | Promise<object | Error>)[]>;
}

export interface RunningServer {
  busy(): number;
  stop(limitMs: number): Promise<void>;
}

export function serveAsks(bus: Bus, options: ServeOptions): RunningServer {
  const batch = options.batch ?? 32;
  const concurrency = options.concurrency ?? 2;
  const waiting: Delivery[] = [];
  const running = new Set<Promise<void>>();
  let scheduled = false;
  const puller = startPuller(bus, {
    stream: bus.subjects.stream('ASKS'),
    consumer: options.actor,
    capacity: batch * concurrency,
    onMessage(delivery) {
      waiting.push(delivery);
      schedule();
    },
    ...(options.onMissing ? { onMissing: options.onMissing } : {}),
  });
  // Everything the socket has handed over in this turn joins one batch.
  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      while (waiting.length > 0 && running.size < concurrency) {
        const work: Promise<void> = answerBatch(bus, options, waiting.splice(0, batch), () => puller.release()).finally(
          () => {
            running.delete(work);
            schedule();
          },
        );
        running.add(work);
      }
    });
  }
  return {
    busy: () => waiting.length + running.size,
    async stop(limitMs) {
      const until = Date.now() + limitMs;
      await puller.stop();
      while (waiting.length + running.size > 0 && Date.now() < until) {
        await Promise.race([
          ...running,
          new Promise((r) => setTimeout(r, Math.min(20, Math.max(1, until - Date.now()))).unref()),
        ]);
      }
    },
  };
}

async function answerBatch(
  bus: Bus,
  options: ServeOptions,
  deliveries: Delivery[],
  release: () => void,
): Promise<void> {
  const template = bus.subjects.ask(options.actor);
  // Deadlines go by the server's clock; handlers get them by ours.
  const now = bus.now();
  const ahead = now - Date.now();
  const live = deliveries.filter((delivery) => {
    const stale = Number(delivery.headers?.get(HEADERS.deadline) || 0) <= now;
    if (stale) {
      count('processed', { consumer: options.actor, result: 'stale' });
      release();
    }
    return !stale;
  });
  if (live.length === 0) return;
  const opened = live.map((delivery) => {
    const parent = extractTrace(delivery.headers);
    const span = startMessagingSpan({
      operation: 'process',
      template,
      destination: delivery.subject,
      parent,
      attributes: { [SPAN_KEYS.messagingConsumerGroup]: options.actor, [SPAN_KEYS.messagingBatchCount]: live.length },
    });
    return { delivery, span, context: trace.setSpan(parent, span) };
  });
  const questions = opened.map(({ delivery, context }) => ({
    data: delivery.data,
    deadline: Number(delivery.headers?.get(HEADERS.deadline)) - ahead,
    context,
  }));
  const failed = (error: unknown) => (error instanceof Error ? error : new Error(String(error)));
  let answers: (object | Error | Promise<object | Error>)[];
  try {
    answers = await options.answer(questions);
  } catch (error) {
    answers = questions.map(() => failed(error));
  }
  const send = async ({ delivery, span, context: spanContext }: (typeof opened)[number], i: number) => {
    const answer = await Promise.resolve(answers[i] ?? new Error('no answer was computed')).catch(failed);
    const replyTo = delivery.headers?.get(HEADERS.replyTo);
    if (answer instanceof Error) failSpan(span, answer);
    try {
      // An answer goes to an inbox and nowhere else, whatever the question says.
      if (replyTo?.startsWith('_INBOX') && !bus.nc.isClosed()) {
        const headers = context.with(spanContext, () =>
          eventHeaders({ type: EVENT_TYPES.answer, source: `/cortex/${bus.instance}` }),
        );
        const body = answer instanceof Error ? { error: answer.message, code: answer.name } : answer;
        bus.nc.publish(replyTo, encodeMessage(body), { headers });
      }
    } catch (error) {
      // Too large for the server, or the connection is closing: this asker falls back, the others get theirs.
      failSpan(span, error);
    }
    span.end();
    count('processed', { consumer: options.actor, result: answer instanceof Error ? 'failed' : 'done' });
    release();
  };
  await Promise.all(opened.map(send));
}
