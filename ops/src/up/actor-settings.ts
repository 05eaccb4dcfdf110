// Settings of the actors, from the environment: `CORTEX_ROUTER_SETTINGS={"batch":64}`. What starts an actor passes its environment on, so they hold in one
// process, in processes of their own, in containers and for `cortex actor`.
import { InvalidMessage } from '@cortex/schemas';

const variableOf = (actor: string): string => `CORTEX_${actor.toUpperCase()}_SETTINGS`;

/** Whether anything is set for an actor. */
export const isSet = (actor: string, env = process.env): boolean => (env[variableOf(actor)] ?? '').trim() !== '';

/** What is set for an actor; the actor checks it. Throws {@link InvalidMessage} for what is no JSON object. */
export function settingsOf(actor: string, env = process.env): Record<string, unknown> {
  if (!isSet(actor, env)) return {};
  const variable = variableOf(actor);
  let value: unknown;
  try {
    value = JSON.parse(env[variable] ?? '');
  } catch (cause) {
    throw new InvalidMessage(variable, '', `is no valid JSON (${(cause as Error).message})`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InvalidMessage(variable, '', 'is no JSON object such as {"batch": 64}');
  return value as Record<string, unknown>;
}
