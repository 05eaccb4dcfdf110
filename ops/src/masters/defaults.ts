// The five masters of the mission. Their words are data, one file each, so that a reader can change them without a build.
import { readFileSync } from 'node:fs';
import { checkMessage, type Master, masterSchema } from '@cortex/schemas';

const NAMES = ['development', 'security', 'inventory', 'cicd', 'coordinator'] as const;

export function defaultMasters(): Master[] {
  return NAMES.map((name) =>
    checkMessage(
      `default master ${name}`,
      masterSchema,
      // The same depth from src and from dist.
      JSON.parse(readFileSync(new URL(`../../src/masters/data/${name}.json`, import.meta.url), 'utf8')),
    ),
  );
}
