// Writes generated/: a JSON Schema per message and the AsyncAPI document. `--check` writes nothing and fails when they are stale.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { asyncApiDocument, jsonSchemaOf } from './asyncapi.js';
import { MESSAGES } from './messages.js';

const here = fileURLToPath(new URL('../generated/', import.meta.url));

/** File name to content, for everything that belongs into generated/. */
export function generatedFiles(version: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const name of Object.keys(MESSAGES) as (keyof typeof MESSAGES)[])
    files.set(`${name}.schema.json`, print(jsonSchemaOf(name)));
  files.set('asyncapi.json', print(asyncApiDocument(version)));
  return files;
}

/** Names of files in generated/ that differ from what the schemas say now, or should not be there. */
export function staleFiles(files: Map<string, string>, folder = here): string[] {
  const present = safely(() => readdirSync(folder)) ?? [];
  const wrong = [...files]
    .filter(([name, content]) => safely(() => readFileSync(folder + name, 'utf8')) !== content)
    .map(([name]) => name);
  return [...wrong, ...present.filter((name) => !files.has(name))];
}

function print(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function safely<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const files = generatedFiles(version);
  const stale = staleFiles(files);
  if (process.argv.includes('--check')) {
    if (stale.length > 0) {
      process.stderr.write(
        `schemas/generated is stale (${stale.join(', ')}): run "node schemas/dist/generate.js" and commit\n`,
      );
      process.exitCode = 1;
    }
  } else {
    mkdirSync(here, { recursive: true });
    for (const name of stale) if (!files.has(name)) rmSync(here + name);
    for (const [name, content] of files) writeFileSync(here + name, content);
    process.stderr.write(`wrote ${files.size} files to schemas/generated\n`);
  }
}
