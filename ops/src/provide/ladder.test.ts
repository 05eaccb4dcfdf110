import { describe, expect, it } from 'vitest';
import { climb, LadderExhausted, type Rung, RungMissed, RungRefused } from './ladder.js';

const rung = (name: string, attempt: Rung<string>['attempt'], timeoutMs = 5_000): Rung<string> => ({
  name,
  timeoutMs,
  attempt,
});
const missing = (name: string, reason: string) => rung(name, () => Promise.reject(new RungMissed(reason)));
const climbing = { what: 'the thing', advice: 'Install it.' };

describe('a ladder', () => {
  it('takes the first rung that delivers and tries none below it', async () => {
    const tried: string[] = [];
    const note = (name: string) =>
      rung(name, async () => {
        tried.push(name);
        return name;
      });
    expect(await climb([missing('first', 'no'), note('second'), note('third')], climbing)).toBe('second');
    expect(tried).toEqual(['second']);
  });

  it('says in one message what each rung lacked and what to do', async () => {
    const error = await climb(
      [missing('on the PATH', 'there is none'), missing('Go', 'there is no go')],
      climbing,
    ).catch((e) => e);
    expect(error).toBeInstanceOf(LadderExhausted);
    expect(error.attempts).toEqual([
      { rung: 'on the PATH', reason: 'there is none' },
      { rung: 'Go', reason: 'there is no go' },
    ]);
    expect(error.message).toMatch(
      /the thing could not be found or fetched:\n {2}on the PATH {2}there is none\n {2}Go .*there is no go\nInstall it\./,
    );
  });

  it('stops at a rung the user named that cannot deliver, instead of hiding the mistake', async () => {
    const refused = rung('NAMED', () => Promise.reject(new RungRefused('NAMED: no such file')));
    await expect(climb([refused, rung('next', async () => 'x')], climbing)).rejects.toThrow('NAMED: no such file');
  });

  it('goes on when a rung hangs and does not even look at its signal', async () => {
    let seen: AbortSignal | undefined;
    const hangs = rung(
      'hangs',
      (signal) => {
        seen = signal;
        return new Promise(() => {});
      },
      20,
    );
    expect(await climb([hangs, rung('next', async () => 'next')], climbing)).toBe('next');
    expect(seen?.aborted).toBe(true);
  });
});
