// The border between Cortex and a language model: secrets are taken out of everything that crosses it, in both directions, in one place.
import { redactSecrets } from '@cortex/models';
import { countEvent } from './telemetry.js';

export interface Border {
  /** The text without secrets. */
  pass(text: string): string;
  /** Every string inside a value that came from outside, without secrets. */
  passAll<T>(value: T): T;
}

/** Names of environment variables whose values are credentials. */
const CREDENTIAL = /(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|NKEY|SEED|AUTH)(?:$|_)/i;

/** Values of this process's environment that must not leave it. */
export function ownSecrets(env: NodeJS.ProcessEnv = process.env): string[] {
  return Object.entries(env)
    .filter(([name, value]) => CREDENTIAL.test(name) && (value?.length ?? 0) >= 8)
    .map(([, value]) => value as string);
}

export function makeBorder(secrets: readonly string[], master: string): Border {
  const known = [...new Set([...secrets, ...ownSecrets()])];
  const pass = (text: string): string => {
    const clean = redactSecrets(text, known);
    const count = Object.values(clean.found).reduce((sum, n) => sum + n, 0);
    if (count > 0) countEvent('secret-removed', master, count);
    return clean.text;
  };
  const passAll = <T>(value: T): T => {
    if (typeof value === 'string') return pass(value) as T;
    if (Array.isArray(value)) return value.map(passAll) as T;
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [pass(key), passAll(inner)])) as T;
    return value;
  };
  return { pass, passAll };
}
