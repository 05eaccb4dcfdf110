// Answers `$SRV.PING`, `$SRV.INFO` and `$SRV.STATS`, so that `nats micro list` and every ADR-32 tool finds the actors.

import { encodeMessage } from '@cortex/schemas';
import type { Subscription } from '@nats-io/transport-node';
import type { Bus } from '../connection/connect.js';

export interface DiscoveryOptions {
  /** Service name, such as `cortex-router`. */
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly metadata: Record<string, string>;
  /** Subjects it takes from. */
  readonly endpoints: { name: string; subject: string }[];
  readonly stats: () => Record<string, number>;
}

/** Starts answering; the returned function ends it. Protocol: NATS ADR-32 (services). */
export function answerDiscovery(bus: Bus, options: DiscoveryOptions): () => void {
  const id = bus.instance.replaceAll('.', '-');
  const identity = { name: options.name, id, version: options.version, metadata: options.metadata };
  const started = new Date().toISOString();
  const answers: Record<string, () => object> = {
    PING: () => ({ type: 'io.nats.micro.v1.ping_response', ...identity }),
    INFO: () => ({
      type: 'io.nats.micro.v1.info_response',
      ...identity,
      description: options.description,
      endpoints: options.endpoints.map((e) => ({ ...e, queue_group: options.name, metadata: {} })),
    }),
    STATS: () => ({
      type: 'io.nats.micro.v1.stats_response',
      ...identity,
      started,
      endpoints: options.endpoints.map((e) => ({
        ...e,
        queue_group: options.name,
        num_requests: 0,
        num_errors: 0,
        processing_time: 0,
        average_processing_time: 0,
        data: options.stats(),
      })),
    }),
  };
  const subscriptions: Subscription[] = [];
  for (const [verb, answer] of Object.entries(answers)) {
    for (const subject of [`$SRV.${verb}`, `$SRV.${verb}.${options.name}`, `$SRV.${verb}.${options.name}.${id}`]) {
      subscriptions.push(
        bus.nc.subscribe(subject, { callback: (error, msg) => void (error || msg.respond(encodeMessage(answer()))) }),
      );
    }
  }
  return () => {
    for (const subscription of subscriptions) subscription.unsubscribe();
  };
}
