import { describe, expect, it } from 'vitest';
import { settingsOf } from './actor-settings.js';
import { ACTORS } from './catalogue.js';

describe('settings of an actor in the environment', () => {
  it('are a JSON object, and nothing where nothing is set', () => {
    expect(settingsOf('router', {})).toEqual({});
    expect(settingsOf('router', { CORTEX_ROUTER_SETTINGS: ' ' })).toEqual({});
    expect(settingsOf('router', { CORTEX_ROUTER_SETTINGS: '{"batch":64}' })).toEqual({ batch: 64 });
  });

  it.each(['{"batch":', '64', '[1]', 'null'])('are refused by the name of their variable: %s', (text) => {
    expect(() => settingsOf('router', { CORTEX_ROUTER_SETTINGS: text })).toThrow(/^CORTEX_ROUTER_SETTINGS: is no/);
  });

  it.each(ACTORS.map((row) => [row.name, row] as const))(
    '%s refuses what it does not know, by name',
    async (name, row) => {
      const variable = `CORTEX_${name.toUpperCase()}_SETTINGS`;
      process.env[variable] = '{"no_such_setting":1}';
      try {
        await expect(row.make({ encoder: undefined })).rejects.toThrow(
          new RegExp(`${name} settings:.*no_such_setting`),
        );
      } finally {
        delete process.env[variable];
      }
    },
  );
});
