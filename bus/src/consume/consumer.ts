// A durable consumer with a handler: bounded concurrency, leases renewed, retries on a curve, dead letters, spans, orderly stop.

import { InvalidMessage, SPAN_KEYS } from '@cortex/schemas';
import { context, INVALID_SPAN_CONTEXT, type Span, trace } from '@opentelemetry/api';
import type { Bus } from '../connection/connect.js';
import { isBusTrouble, RetryableError, RetryLater, TerminalError } from '../errors.js';
import {
  count,
  extractTrace,
  failSpan,
  type MessagingSpan,
  record,
  startMessagingSpan,
  withMessagingSpan,
} from '../telemetry/index.js';
import { deadLetter } from './dead-letter.js';
import type { Delivery } from './delivery.js';
import { type Puller, startPuller } from './puller.js';

export interface ConsumerOptions {
  /** The stream's real name. */
  readonly stream: string;
  readonly consumer: string;
  /** Low-cardinality name for spans, such as `cortex.tasks.submit`. */
  readonly template: string | ((delivery: Delivery) => string);
  /** Messages handled at once. Default 16. */
  readonly concurrency?: number;
  /** Messages waiting in this process beyond those being handled. Default: as many as `concurrency`. */
  readonly prefetch?: number;
  /** The consumer's ack_wait in milliseconds; the lease is renewed three times in it. Default 15,000. */
  readonly ackWaitMs?: number;
  /** After this many failed tries a message goes to DEAD. Default 10. */
  readonly maxAttempts?: number;
  /** Milliseconds before try `n + 1`. Default {@link retryCurve}. */
  readonly retryDelay?: (tries: number) => number;
  /**
   * Milliseconds until a message may be handled: for consumers that look at everything at a fixed age. Such a message is held, with its lease,
   * and the few that are held keep all later ones in the stream: each is delivered once. Default: 0 for all.
   */
  readonly notBefore?: (delivery: Delivery) => number;
  /** Reads what others did and carries no task further, such as statistics of the log: it has a span in a task's trace only where it fails. */
  readonly onlooker?: boolean;
  readonly onMissing?: (missing: boolean) => void;
  /** Told why a dead letter cannot be kept (its message then holds a place until it can), and undefined once one was kept again. */
  readonly onUnkept?: (why: string | undefined) => void;
  /** Told about every failure; the message itself is retried or given up whatever this does. */
  readonly onError?: (error: Error, delivery: Delivery, given_up: boolean) => void;
  /**
   * Returns: the message is done. Throws {@link TerminalError} or InvalidMessage: to DEAD. Throws {@link RetryLater}: again after its
   * delay, for as long as it takes. Anything else: again on the curve, to DEAD after `maxAttempts`.
   */
  readonly handle: (delivery: Delivery, span: Span) => Promise<void>;
}

export interface RunningConsumer {
  /** Messages being handled or waiting in this process. */
  busy(): number;
  /** Takes nothing new, finishes what is here, for at most `limitMs`; what is left is given back at once. */
  stop(limitMs: number): Promise<void>;
}

/** 0.2 s, 0.4 s … up to 30 s, ± 20 % so that a herd spreads. */
export function retryCurve(tries: number): number {
  return Math.min(30_000, 200 * 2 ** Math.max(0, tries - 1)) * (0.8 + 0.4 * Math.random());
}

export function runConsumer(bus: Bus, given: ConsumerOptions): RunningConsumer {
  let unkept: string | undefined;
  const options: ConsumerOptions = {
    ...given,
    onUnkept(why) {
      if (why !== unkept) given.onUnkept?.(why);
      unkept = why;
    },
  };
  const concurrency = options.concurrency ?? 16;
  const waiting: Delivery[] = [];
  const running = new Map<Delivery, Promise<void>>();
  let stopping = false;
  const puller: Puller = startPuller(bus, {
    stream: options.stream,
    consumer: options.consumer,
    capacity: concurrency + (options.prefetch ?? concurrency),
    onMessage(delivery) {
      waiting.push(delivery);
      next();
    },
    ...(options.onMissing ? { onMissing: options.onMissing } : {}),
  });
  // Waiting messages hold a lease too.
  const renew = setInterval(
    () => {
      for (const delivery of running.keys()) delivery.working();
      for (const delivery of waiting) delivery.working();
    },
    Math.max(100, (options.ackWaitMs ?? 15_000) / 3),
  );
  let early: NodeJS.Timeout | undefined;
  /** The first that may be handled now; else comes back when one may. */
  function take(): Delivery | undefined {
    const { notBefore } = options;
    if (!notBefore) return waiting.shift();
    let least = Number.POSITIVE_INFINITY;
    for (const [i, delivery] of waiting.entries()) {
      const wait = notBefore(delivery);
      if (wait <= 0) return waiting.splice(i, 1)[0];
      least = Math.min(least, wait);
    }
    clearTimeout(early);
    if (waiting.length > 0 && !stopping) early = setTimeout(next, Math.min(least, 60_000));
    return undefined;
  }
  function next(): void {
    while (running.size < concurrency) {
      const delivery = take();
      if (!delivery) return;
      const work = handleOne(bus, options, delivery).finally(() => {
        running.delete(delivery);
        puller.release();
        next();
      });
      running.set(delivery, work);
    }
  }
  return {
    busy: () => running.size + waiting.length,
    async stop(limitMs) {
      if (stopping) return;
      stopping = true;
      clearTimeout(early);
      const until = Date.now() + limitMs;
      await puller.stop();
      // What is not due is not waited for.
      if (options.notBefore) for (const delivery of waiting.splice(0)) delivery.nak(1);
      while (running.size + waiting.length > 0 && Date.now() < until) {
        await Promise.race([
          ...running.values(),
          new Promise((r) => setTimeout(r, Math.max(1, until - Date.now())).unref()),
        ]);
      }
      for (const delivery of waiting.splice(0)) delivery.nak(1);
      clearInterval(renew);
    },
  };
}

async function handleOne(bus: Bus, options: ConsumerOptions, delivery: Delivery): Promise<void> {
  const template = typeof options.template === 'string' ? options.template : options.template(delivery);
  const extracted = extractTrace(delivery.headers);
  const started = performance.now();
  if (delivery.delivery > 1) count('redeliveries', { consumer: options.consumer });
  let result = 'done';
  const messaging = (): MessagingSpan => ({
    operation: 'process',
    template,
    destination: delivery.subject,
    parent: extracted,
    attributes: {
      [SPAN_KEYS.messagingConsumerGroup]: options.consumer,
      [SPAN_KEYS.messagingMessageId]: `${delivery.stream}:${delivery.sequence}`,
      ...(delivery.delivery > 1 ? { [SPAN_KEYS.delivery]: delivery.delivery } : {}),
    },
  });
  const work = async (span: Span) => {
    try {
      await options.handle(delivery, span);
      delivery.ack();
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      if (!(error instanceof RetryLater)) {
        const failed = options.onlooker ? startMessagingSpan(messaging()) : span;
        failSpan(failed, error);
        if (options.onlooker) failed.end();
      }
      result = await answerFailure(bus, options, delivery, error);
    }
  };
  if (options.onlooker) await context.with(extracted, () => work(trace.wrapSpanContext(INVALID_SPAN_CONTEXT)));
  else await withMessagingSpan(messaging(), work);
  const attributes = { consumer: options.consumer, result };
  count('processed', attributes);
  record('processDuration', (performance.now() - started) / 1_000, attributes);
}

/** Retries or gives up. A dead letter that cannot be stored keeps the message where it is: nothing is dropped. */
async function answerFailure(bus: Bus, options: ConsumerOptions, delivery: Delivery, error: Error): Promise<string> {
  if (error instanceof RetryLater) {
    delivery.nak(error.retryAfterMs ?? 1_000);
    return 'later';
  }
  const terminal = error instanceof TerminalError || error instanceof InvalidMessage;
  // A bus that is away is nobody's fault: such tries do not count towards giving up.
  const counts = !isBusTrouble(error) && bus.state() === 'connected';
  const giveUp = terminal || (counts && delivery.delivery >= (options.maxAttempts ?? 10));
  options.onError?.(error, delivery, giveUp);
  if (giveUp) {
    try {
      await deadLetter(bus, delivery, error, bus.instance);
      options.onUnkept?.(undefined);
      delivery.term(error.message);
      return 'dead';
    } catch (thrown) {
      options.onUnkept?.(thrown instanceof Error ? thrown.message : String(thrown));
      delivery.nak(5_000);
      return 'retry';
    }
  }
  const delay =
    error instanceof RetryableError && error.retryAfterMs
      ? error.retryAfterMs
      : (options.retryDelay ?? retryCurve)(delivery.delivery);
  delivery.nak(delay);
  return 'retry';
}
