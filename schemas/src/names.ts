// Names people give (masters, workers, task ids) become NATS subject tokens and log keys here, and nowhere else.
// Escaping is reversible, so a subject can always be read back into the name it was made from.
import { createHash } from 'node:crypto';

/** Longest master or worker name in characters. */
export const MAX_NAME_LENGTH = 128;

/** Number of partitions in `cortex.log.<partition>…`. Fixed: changing it would orphan every key already written. */
export const PARTITIONS = 64;

/** `security-master` and `security` are one master: the registry and every subject use the short form. */
export function canonicalMaster(name: string): string {
  const trimmed = name.trim();
  return trimmed.length > '-master'.length && trimmed.endsWith('-master')
    ? trimmed.slice(0, -'-master'.length)
    : trimmed;
}

/**
 * Escapes any string into one subject token of `[A-Za-z0-9_-]` plus `=XX` for every other UTF-8 byte
 * (quoted-printable's form, RFC 2045 §6.7). The empty string becomes a lone `=`.
 */
export function escapeToken(name: string): string {
  if (name === '') return '=';
  let token = '';
  for (const byte of Buffer.from(name, 'utf8')) {
    const char = String.fromCharCode(byte);
    token += /[A-Za-z0-9_-]/.test(char) ? char : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return token;
}

/** The name a token was made from. Throws a RangeError when the token was not made by {@link escapeToken}. */
export function unescapeToken(token: string): string {
  if (token === '=') return '';
  if (!/^(?:[A-Za-z0-9_-]|=[0-9A-F]{2})+$/.test(token)) throw new RangeError(`not an escaped token: ${token}`);
  const bytes: number[] = [];
  for (let i = 0; i < token.length; i++) {
    if (token[i] === '=') {
      bytes.push(Number.parseInt(token.slice(i + 1, i + 3), 16));
      i += 2;
    } else bytes.push(token.charCodeAt(i));
  }
  return Buffer.from(bytes).toString('utf8');
}

/** Where a task lives in the log. */
export interface TaskKey {
  /** Two decimal digits, `00` to `63`. */
  readonly partition: string;
  /** 32 hexadecimal digits: the first half of SHA-256 over tenant and task id. */
  readonly key: string;
}

/** The key of a task: ids of users hold dots and blanks, so the subject carries a hash (128 bits) of tenant and id. */
export function taskKey(id: string, tenant = ''): TaskKey {
  const key = createHash('sha256').update(tenant).update('\0').update(id).digest('hex').slice(0, 32);
  const partition = String(Number.parseInt(key.slice(0, 4), 16) % PARTITIONS).padStart(2, '0');
  return { partition, key };
}
