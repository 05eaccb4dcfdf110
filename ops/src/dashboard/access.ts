// Who may look and who may act. A token opens a session: a cookie that says role, name and end, signed with a key made from
// the tokens, so that it outlives a restart and dies with its token.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Role } from './wire.js';

export interface Tokens {
  readonly operator: string;
  /** May look, not act. Undefined: there is no such role. */
  readonly reader?: string;
}

export interface Session {
  readonly role: Role;
  /** Who it is, for the audit trail. */
  readonly by: string;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

export const SESSION_MS = 30 * 86_400_000;
/** The shortest token that is taken from the environment. */
export const SHORTEST_TOKEN = 16;

/** The role a token opens; undefined for a wrong one. Takes the same time for every wrong token. */
export function roleOf(token: string, tokens: Tokens): Role | undefined {
  const operator = sameText(token, tokens.operator);
  const reader = tokens.reader !== undefined && sameText(token, tokens.reader);
  return operator ? 'operator' : reader ? 'reader' : undefined;
}

/** The cookie's value. */
export function seal(session: Session, tokens: Tokens): string {
  const body = Buffer.from(JSON.stringify([session.role, session.by, session.until])).toString('base64url');
  return `${body}.${sign(body, session.role, tokens)}`;
}

/** The session of a cookie; undefined when it is forged, too old, or of a token that holds no more. */
export function unseal(value: string | undefined, tokens: Tokens, now = Date.now()): Session | undefined {
  const [body, signature] = value?.split('.') ?? [];
  if (!body || !signature) return undefined;
  let fields: unknown;
  try {
    fields = JSON.parse(Buffer.from(body, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
  if (!Array.isArray(fields)) return undefined;
  const [role, by, until] = fields as unknown[];
  if ((role !== 'operator' && role !== 'reader') || typeof by !== 'string' || typeof until !== 'number')
    return undefined;
  if (role === 'reader' && tokens.reader === undefined) return undefined;
  if (until < now || !sameText(signature, sign(body, role, tokens))) return undefined;
  return { role, by, until };
}

function sign(body: string, role: Role, tokens: Tokens): string {
  const key = createHash('sha256')
    .update(`cortex dashboard ${role} ${role === 'operator' ? tokens.operator : tokens.reader}`)
    .digest();
  return createHmac('sha256', key).update(body).digest('base64url');
}

function sameText(a: string, b: string): boolean {
  // Hashes have one length: the comparison tells nothing about how long the right one is.
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/**
 * Whether a request names this server: a page elsewhere that has its own name point at our address (DNS rebinding) sends that name.
 * `allowed` are further host names without port.
 */
export function isOurHost(header: string | undefined, bound: string, allowed: readonly string[]): boolean {
  if (!header) return false;
  const name = header
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
  const local = ['127.0.0.1', 'localhost', '::1'];
  const own = isLoopbackName(bound) ? local : [...local, bound];
  return own.includes(name) || allowed.some((one) => one.toLowerCase() === name);
}

export function isLoopbackName(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** At most `burst` wrong tokens, then one a second: guessing takes for ever, a typing error no time. */
export function guessLimit(burst = 10, now: () => number = Date.now): { allowed(): boolean; wrong(): void } {
  let left = burst;
  let at = now();
  const refill = () => {
    left = Math.min(burst, left + (now() - at) / 1_000);
    at = now();
  };
  return {
    allowed() {
      refill();
      return left >= 1;
    },
    wrong() {
      refill();
      left = Math.max(0, left - 1);
    },
  };
}
