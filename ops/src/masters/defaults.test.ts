import { patternProblem } from '@cortex/models';
import { canonicalMaster } from '@cortex/schemas';
import { describe, expect, it } from 'vitest';
import { defaultMasters } from './defaults.js';

const masters = defaultMasters();

describe('the default masters', () => {
  it('are the five of the mission, in the form of the schema', () => {
    expect(masters.map((master) => master.name)).toEqual([
      'development',
      'security',
      'inventory',
      'cicd',
      'coordinator',
    ]);
  });

  it.each(masters.map((master) => [master.name, master] as const))(
    '%s says what it owns, with varied examples',
    (_, master) => {
      expect(master.description.length).toBeGreaterThan(80);
      expect(master.keywords.length).toBeGreaterThanOrEqual(10);
      expect(master.examples.length).toBeGreaterThanOrEqual(28);
      for (const pattern of master.patterns) expect(patternProblem(pattern), pattern).toBeUndefined();
      // Short and long, and hardly two that begin alike: examples from a template teach the template.
      const lengths = master.examples.map((example) => example.length);
      expect(Math.max(...lengths)).toBeGreaterThan(3 * Math.min(...lengths));
      const beginnings = new Set(
        master.examples.map((example) => example.toLowerCase().split(/\s+/).slice(0, 2).join(' ')),
      );
      expect(beginnings.size).toBeGreaterThan(master.examples.length * 0.9);
    },
  );

  it('share no example, name or alias', () => {
    const examples = masters.flatMap((master) => master.examples);
    expect(new Set(examples).size).toBe(examples.length);
    const names = masters.flatMap((master) => [master.name, ...master.aliases.map(canonicalMaster)]);
    expect(new Set(names).size).toBe(names.length);
  });
});
