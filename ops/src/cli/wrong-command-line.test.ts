// The command line used wrongly, and its help, in this process: one line that names the argument, and exit code 2.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { buildProgram } from './program.js';
import { run } from './run.js';

const home = mkdtempSync(join(tmpdir(), 'cortex-wrong-'));
let out = '';
let err = '';
beforeAll(() => {
  for (const name of ['NATS_URL', 'NATS_CREDS', 'CORTEX_PREFIX']) vi.stubEnv(name, undefined);
  vi.stubEnv('CORTEX_HOME', home);
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += text;
    return true;
  });
});
afterEach(() => {
  out = '';
  err = '';
});
afterAll(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = undefined;
  rmSync(home, { recursive: true, force: true });
});

describe('a wrong command line ends with 2 and names the argument', () => {
  it.each([
    [['submit'], /TEXT: is missing/],
    [['submit', '  '], /TEXT: is missing/],
    [['submit', 'x', '--priority', 'soon'], /--priority <priority>' argument 'soon' is invalid.*critical, high/],
    [['submit', 'x', '--label', 'team'], /--label .*KEY=VALUE/],
    [['submit', 'x', '--deadline', 'tomorrow'], /--deadline .*moment/],
    [['submit', 'x'.repeat(33_000)], /field text: has 33,000 characters, at most 32,768/],
    [['submit', '--file', 'none.jsonl'], /--file none\.jsonl: there is no such file/],
    [['submit', 'x', '--file', 'tasks.jsonl'], /TEXT: and --file/],
    [['submit', 'x', '--creds', 'none.creds'], /--creds: there is no file none\.creds/],
    [['--nats', 'http://here', 'submit', 'x'], /--nats: "http:\/\/here" is not a NATS address/],
    [['--nats', 'nats://here', 'keys', 'init'], /unknown option '--nats'/],
    [['submit', 'x', '--nats', 'http://here'], /--nats: "http:\/\/here" is not a NATS address/],
    [['submit', 'x', '--id', ''], /field id: /],
    [['actor', 'nobody'], /NAME: there is no actor "nobody".*router, predictor, coordinator/],
    [['actor', 'worker'], /cortex worker --master M --exec CMD/],
    [['actor'], /missing required argument 'name'/],
    [['up', '--actors', 'rooter=2'], /--actors: there is no actor "rooter"/],
    [['up', '--actors', 'router=many'], /--actors: "router=many" is not NAME=COUNT/],
    [['up', '--actors', 'worker=2'], /--actors: worker=2 needs a command to run: add --exec/],
    [['up', '--port', '70000'], /--port .*1 to 65535/],
    [['worker', '--master', 'security'], /--exec: give either --exec CMD/],
    [['worker', '--exec', 'cat'], /required option '--master <name>' not specified/],
    [['worker', '--master', 'security', '--exec', ' '], /--exec: is empty/],
    [['worker', '--master', 'security', '--exec', 'no-such-command-here'], /--exec: .*no-such-command-here/],
    [['outcome', 't-1'], /required option '--status <status>' not specified/],
    [['outcome', 't-1', '--status', 'great'], /--status <status>' argument 'great' is invalid.*completed/],
    [['outcome', 't-1', '--status', 'completed', '--quality', '7'], /--quality .*0 to 1/],
    [['dead', 'drop'], /ID: is missing/],
    [['watch', '--step', 'lost'], /--step .*admitted, decided/],
    [['task', ''], /ID: is empty/],
    [['evaluate', 'routing'], /required option '--test <file>' not specified/],
    [['evaluate', 'routing', '--test', 'none.jsonl'], /--test none\.jsonl: there is no such file/],
    [['evaluate', 'policy', '--test', 'x'], /required option '--train <file>' not specified/],
    [['frobnicate'], /unknown command 'frobnicate'/],
    [['sumbit', 'x'], /unknown command 'sumbit' \(Did you mean submit\?\)/],
    [['submit', 'x', '--fast'], /unknown option '--fast'/],
    [['masters', 'add'], /NAME: is missing/],
    [['masters', 'add', 'x', '--pattern', '(open'], /--pattern: "\(open" is not a usable regular expression/],
  ])('cortex %j', async (args, message) => {
    expect(await run(args)).toBe(2);
    expect(err).toMatch(message);
    expect(err).toMatch(/^cortex: [^\n]*\n$/);
    expect(out).toBe('');
  });
});

describe('what needs no command waits for none', () => {
  const loaded = async (...argv: string[]) =>
    (await buildProgram(argv)).commands.filter((command) => command.description() !== '').map((one) => one.name());

  it('neither the version, wherever it stands, nor a command that there is not', async () => {
    for (const argv of [
      ['--version'],
      ['-V'],
      ['--json', '--version'],
      ['-V', 'submit'],
      ['sumbit', 'x'],
      ['--json', 'sumbit'],
    ])
      expect(await loaded(...argv), argv.join(' ')).toEqual([]);
    expect(await run(['--version'])).toBe(0);
    expect(out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('a command loads itself alone, the help all of them', async () => {
    expect(await loaded('--nats', 'nats://here', 'submit', '--help')).toEqual(['submit']);
    const all = await loaded('--help');
    expect(all.length).toBeGreaterThan(20);
    for (const argv of [[], ['sumbit', '--help'], ['--nats', '--version']])
      expect(await loaded(...argv), argv.join(' ')).toEqual(all);
  });
});

describe('help', () => {
  it.each([
    ...[
      'up',
      'actor',
      'submit',
      'cancel',
      'watch',
      'task',
      'explain',
      'masters',
      'worker',
      'outcome',
      'correct',
      'review',
      'dead',
      'doctor',
      'evaluate',
    ].map((c) => [c]),
    ...['list', 'show', 'add', 'remove', 'pause', 'resume'].map((c) => ['masters', c]),
    ['evaluate', 'routing'],
    ['evaluate', 'outcomes'],
    ['evaluate', 'policy'],
    ['evaluate', 'anomalies'],
    ['evaluate', 'retrieval'],
    ['evaluate', 'load'],
    ['train'],
    ['review', 'list'],
    ['review', 'answer'],
    ['dead', 'retry'],
  ])('of %s %s has an example and ends with 0', async (...command) => {
    expect(await run([...command, '--help'])).toBe(0);
    expect(err).toBe('');
    expect(out).toMatch(/\nExamples?:\n {2}\$ cortex /);
  });
});
