// Spans of messaging, named and attributed by the OpenTelemetry conventions: `{operation} {destination template}`.

import { SPAN_KEYS } from '@cortex/schemas';
import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';

const tracer = trace.getTracer('@cortex/bus');

let unrecorded: (parent: SpanContext) => boolean = () => false;

/**
 * Says which parents have no children worth making: their sampler would record none. Under such a parent a span is the parent's own context, so
 * that most work of a loaded system, whose traces are over the rate, pays for no ids and no attributes.
 */
export function skipChildrenOf(parents: (parent: SpanContext) => boolean): void {
  unrecorded = parents;
}

/** Starts a span, unless nobody would record it: then what its parent is travels on. */
function start(name: string, options: () => SpanOptions, parent: Context): Span {
  const above = trace.getSpanContext(parent);
  if (above && isSpanContextValid(above) && unrecorded(above)) return trace.wrapSpanContext(above);
  return tracer.startSpan(name, options(), parent);
}

export interface MessagingSpan {
  readonly operation: 'send' | 'process' | 'receive' | 'settle' | 'ask';
  /** Low-cardinality destination, such as `cortex.log.decided`. */
  readonly template: string;
  /** The subject itself; left out of the span where the template says the same: an attribute costs as much to send as a name. */
  readonly destination?: string;
  readonly parent?: Context;
  readonly links?: Link[];
  readonly attributes?: Attributes;
}

const KINDS = {
  send: SpanKind.PRODUCER,
  process: SpanKind.CONSUMER,
  receive: SpanKind.CLIENT,
  settle: SpanKind.CLIENT,
  ask: SpanKind.CLIENT,
};
const TYPES = { send: 'send', process: 'process', receive: 'receive', settle: 'settle', ask: 'send' };

/** Starts a messaging span. The caller ends it. */
export function startMessagingSpan(options: MessagingSpan): Span {
  const { template, destination } = options;
  return start(
    `${options.operation} ${options.template}`,
    () => ({
      kind: KINDS[options.operation],
      ...(options.links ? { links: options.links } : {}),
      attributes: {
        [SPAN_KEYS.messagingSystem]: 'nats',
        [SPAN_KEYS.messagingTemplate]: options.template,
        [SPAN_KEYS.messagingOperationName]: options.operation,
        [SPAN_KEYS.messagingOperationType]: TYPES[options.operation],
        ...(destination !== undefined && destination !== template
          ? { [SPAN_KEYS.messagingDestination]: destination }
          : {}),
        ...options.attributes,
      },
    }),
    options.parent ?? context.active(),
  );
}

/** Runs `work` inside a messaging span; a throw marks the span as failed and goes on. */
export async function withMessagingSpan<T>(options: MessagingSpan, work: (span: Span) => Promise<T>): Promise<T> {
  return within(startMessagingSpan(options), options.parent ?? context.active(), work);
}

/** Runs `work` inside an internal span of our own name. */
export async function withSpan<T>(name: string, attributes: Attributes, work: (span: Span) => Promise<T>): Promise<T> {
  const parent = context.active();
  const span = start(name, () => ({ attributes }), parent);
  return within(span, parent, work);
}

/** A throw marks the span as failed and goes on. */
async function within<T>(span: Span, parent: Context, work: (span: Span) => Promise<T>): Promise<T> {
  try {
    return await context.with(trace.setSpan(parent, span), () => work(span));
  } catch (error) {
    failSpan(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** Says more about the span of a context, where it has one. */
export function describeSpan(of: Context, attributes: Attributes): void {
  trace.getSpan(of)?.setAttributes(attributes);
}

/** Marks a span as failed by the error's class. */
export function failSpan(span: Span, error: unknown): void {
  const name = error instanceof Error ? error.name : typeof error;
  span.setAttribute(SPAN_KEYS.errorType, name);
  span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
}

/** A span that already took place, such as an expert's vote reported with its latency. */
export function recordSpan(
  name: string,
  startMs: number,
  endMs: number,
  attributes: Attributes,
  parent?: Context,
): void {
  start(name, () => ({ startTime: startMs, attributes }), parent ?? context.active()).end(endMs);
}

/** The W3C trace id of a context's span, 32 hexadecimal digits; undefined without a span. */
export function traceIdOf(ctx: Context = context.active()): string | undefined {
  const id = trace.getSpanContext(ctx)?.traceId;
  return id && !/^0+$/.test(id) ? id : undefined;
}
