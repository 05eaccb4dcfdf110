// Who may come in: tokens, sessions, host names.
import { describe, expect, it } from 'vitest';
import { guessLimit, isOurHost, roleOf, seal, unseal } from './access.js';

const tokens = { operator: 'operator-token-long-enough', reader: 'reader-token-long-enough' };
const session = { role: 'operator' as const, by: 'ada', until: 2_000 };

describe('access to the dashboard', () => {
  it('opens each role with its own token and nothing with any other', () => {
    expect(roleOf(tokens.operator, tokens)).toBe('operator');
    expect(roleOf(tokens.reader, tokens)).toBe('reader');
    for (const wrong of ['', 'operator', `${tokens.operator} `]) expect(roleOf(wrong, tokens)).toBeUndefined();
    expect(roleOf('undefined', { operator: tokens.operator })).toBeUndefined();
  });

  it('keeps a session over a restart, and not beyond its end', () => {
    const cookie = seal(session, tokens);
    expect(unseal(cookie, { ...tokens }, 1_000)).toEqual(session);
    expect(unseal(cookie, tokens, 2_001)).toBeUndefined();
  });

  it('takes no session that was changed, or whose token holds no more', () => {
    const reader = seal({ ...session, role: 'reader' }, tokens);
    const [, signature] = reader.split('.');
    const forged = `${Buffer.from(JSON.stringify(['operator', 'ada', 9e15])).toString('base64url')}.${signature}`;
    for (const wrong of [forged, 'x.y', '', undefined, `${reader}x`]) expect(unseal(wrong, tokens, 0)).toBeUndefined();
    expect(unseal(seal(session, tokens), { ...tokens, operator: 'another-token-long-enough' }, 0)).toBeUndefined();
    expect(unseal(reader, { operator: tokens.operator }, 0)).toBeUndefined();
  });

  it('answers only to its own names: a page that points its name at us has none of them', () => {
    for (const name of ['127.0.0.1:4280', 'localhost:4280', '[::1]:4280', 'LOCALHOST'])
      expect(isOurHost(name, '127.0.0.1', []), name).toBe(true);
    for (const name of ['evil.example', 'evil.example:4280', '127.0.0.1.evil.example', '', undefined])
      expect(isOurHost(name, '127.0.0.1', []), name).toBe(false);
    expect(isOurHost('cortex.example:443', '0.0.0.0', ['cortex.example'])).toBe(true);
  });

  it('slows guessing down and forgives with time', () => {
    let now = 0;
    const limit = guessLimit(3, () => now);
    for (let i = 0; i < 3; i++) {
      expect(limit.allowed()).toBe(true);
      limit.wrong();
    }
    expect(limit.allowed()).toBe(false);
    now = 1_000;
    expect(limit.allowed()).toBe(true);
  });
});
