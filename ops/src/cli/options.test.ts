import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { afterAll, describe, expect, it } from 'vitest';
import {
  busAddress,
  parseAmount,
  parseCount,
  parseDuration,
  parseLabel,
  parseMoment,
  parsePriority,
  parseShare,
  parseYesNo,
} from './options.js';

const folder = mkdtempSync(join(tmpdir(), 'cortex-options-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const nowhere = { CORTEX_HOME: join(folder, 'none') };

describe('the address of the bus', () => {
  it('comes from the flag, then the environment, then the default', () => {
    expect(busAddress({ nats: 'nats://a:1' }, { ...nowhere, NATS_URL: 'nats://b:2' }).servers).toBe('nats://a:1');
    expect(busAddress({}, { ...nowhere, NATS_URL: 'nats://b:2' })).toMatchObject({
      servers: 'nats://b:2',
      from: 'NATS_URL',
    });
    expect(busAddress({}, nowhere)).toMatchObject({ servers: 'nats://127.0.0.1:4222', prefix: 'cortex' });
  });

  it('takes the running "up" of the folder before the default, and ignores a dead one', () => {
    const home = mkdtempSync(join(folder, 'home-'));
    const note = (pid: number) =>
      writeFileSync(join(home, 'up.json'), JSON.stringify({ pid, nats: 'nats://127.0.0.1:4333', started_at: '' }));
    note(process.pid);
    expect(busAddress({}, { CORTEX_HOME: home }).servers).toBe('nats://127.0.0.1:4333');
    note(2 ** 22 + 1);
    expect(busAddress({}, { CORTEX_HOME: home }).servers).toBe('nats://127.0.0.1:4222');
  });

  it('refuses what is none, naming where it came from', () => {
    for (const bad of ['nats://', 'two words', 'http://x:1', 'a:b:c', ''])
      expect(() => busAddress({ nats: bad }, nowhere), bad).toThrow(/^--nats: .*not a NATS address/);
    expect(() => busAddress({}, { ...nowhere, NATS_URL: 'a b' })).toThrow(/^NATS_URL: /);
    for (const good of ['localhost', '127.0.0.1:4222', 'tls://n1:4222,n2:4222', 'nats://[::1]:4222', 'nats://u:p@h'])
      expect(busAddress({ nats: good }, nowhere).servers).toBe(good);
  });

  it('refuses a credentials file that is missing or none', () => {
    expect(() => busAddress({ creds: join(folder, 'no') }, nowhere)).toThrow(/^--creds: there is no file/);
    const file = join(folder, 'bad.creds');
    writeFileSync(file, 'hello');
    expect(() => busAddress({}, { ...nowhere, NATS_CREDS: file })).toThrow(
      /^NATS_CREDS: .*not a NATS credentials file/,
    );
    writeFileSync(
      file,
      '-----BEGIN NATS USER JWT-----\nx\n------END NATS USER JWT------\n-----BEGIN USER NKEY SEED-----\ny\n',
    );
    expect(() => busAddress({ creds: file }, nowhere)).toThrow(/not a NATS credentials file/);
    const wrong = `SUA${'A'.repeat(55)}`;
    writeFileSync(
      file,
      `-----BEGIN NATS USER JWT-----\na.b.c\n------END NATS USER JWT------\n-----BEGIN USER NKEY SEED-----\n${wrong}\n------END USER NKEY SEED------\n`,
    );
    expect(() => busAddress({ creds: file }, nowhere)).toThrow(/^--creds: the user nkey seed in .* is damaged/);
  });

  it('refuses a prefix that is no subject', () => {
    expect(() => busAddress({}, { ...nowhere, CORTEX_PREFIX: 'a b' })).toThrow(/^CORTEX_PREFIX: /);
  });
});

describe('values of options', () => {
  it('reads times', () => {
    expect(parseDuration('90')).toBe(90_000);
    expect(parseDuration('1.5h')).toBe(5_400_000);
    expect(parseDuration('250ms')).toBe(250);
    expect(() => parseDuration('soon')).toThrow(InvalidArgumentError);
  });

  it('reads moments, and times from now', () => {
    expect(parseMoment('2026-12-01T12:00:00+01:00')).toBe('2026-12-01T12:00:00+01:00');
    expect(Date.parse(parseMoment('2h')) - Date.now()).toBeGreaterThan(7_100_000);
    for (const bad of ['tomorrow', '2026-12-01', '2026-13-01T00:00:00Z'])
      expect(() => parseMoment(bad), bad).toThrow(InvalidArgumentError);
  });

  it('reads labels, numbers, shares, words', () => {
    expect(parseLabel('a=b=c', { x: 'y' })).toEqual({ x: 'y', a: 'b=c' });
    expect(() => parseLabel('=b')).toThrow(InvalidArgumentError);
    expect(parsePriority('HIGH')).toBe('high');
    expect(parseShare('0.5')).toBe(0.5);
    expect(() => parseShare('1.1')).toThrow(InvalidArgumentError);
    expect(() => parseAmount('-1')).toThrow(InvalidArgumentError);
    expect(() => parseAmount('')).toThrow(InvalidArgumentError);
    expect(() => parseCount('0')).toThrow(InvalidArgumentError);
    expect(parseYesNo('no')).toBe(false);
    expect(() => parseYesNo('maybe')).toThrow(InvalidArgumentError);
  });
});
