// An actor that says it is alive and takes nothing: its consumer has work, and neither delivers nor acknowledges.
import { type Finding, LEVEL_HOLD_MS, type Rule, seconds } from '../finding.js';

const ALIVE_MS = 4_000;

export const wedgedActor: Rule = {
  kind: 'wedged-actor',
  reason:
    'Work before it, an actor that beats each second, and for 15 s neither a delivery nor an acknowledgement: the lease of an actor’s message is 15 s, renewed or answered within it by whoever lives.',
  look(state, now, limits) {
    if (now < state.graceUntil) return [];
    const found: Finding[] = [];
    for (const consumer of state.consumers.values()) {
      const { actor } = consumer;
      if (actor === undefined || now - consumer.heardAt > 20_000) continue;
      const still = now - consumer.movedAt;
      if (still <= limits.wedgedMs) continue;
      const replicas = [...state.actors.values()].filter(
        (seen) =>
          seen.actor === actor &&
          now - seen.heardAt < ALIVE_MS &&
          // One that has just come up shall have the time of the rule too.
          now - seen.firstAt > limits.wedgedMs &&
          (seen.state === 'ready' || seen.state === 'degraded'),
      );
      for (const seen of replicas)
        found.push({
          kind: 'wedged-actor',
          target: `actor:${actor}/${seen.instance}`,
          severity: 'critical',
          summary: `${actor} (${seen.instance}) is alive but takes nothing: ${consumer.pending + consumer.ackPending} wait in ${consumer.stream}`,
          cause: `its consumer has not moved for ${seconds(still)}`,
          evidence: {
            stream: consumer.stream,
            pending: consumer.pending,
            ack_pending: consumer.ackPending,
            still_ms: still,
            replicas: replicas.length,
          },
          actor,
          instance: seen.instance,
          since: consumer.movedAt,
          holdMs: LEVEL_HOLD_MS,
        });
    }
    return found;
  },
};
