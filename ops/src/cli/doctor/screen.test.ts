import pc from 'picocolors';
import { expect, it } from 'vitest';
import { fail, ok, warn } from './check.js';
import { doctorScreen } from './screen.js';

const screen = (...checks: Parameters<typeof doctorScreen>[0]) => doctorScreen(checks, pc.createColors(false));

it('says what was found, and what to do about each thing that is wrong', () => {
  expect(
    screen(
      ok('bus', 'nats://127.0.0.1:4222, version 2.15.1'),
      warn('encoder', 'none: rules and words alone', 'set CORTEX_ENCODER to a folder that holds one'),
      fail('actors', 'coordinator × 1; not running: router', 'start them: cortex up'),
    ),
  ).toMatchInlineSnapshot(`
    "               found
    bus      ok    nats://127.0.0.1:4222, version 2.15.1
    encoder  warn  none: rules and words alone
    actors   fail  coordinator × 1; not running: router

    What to do:
      encoder: set CORTEX_ENCODER to a folder that holds one
      actors: start them: cortex up"
  `);
});

it('says so when nothing is', () => {
  expect(screen(ok('bus', 'there')).split('\n').at(-1)).toBe('Everything is there.');
});
