// A scored document for people: figures first, one a line; parts indented; lists and long tables by their size only.
import type { Colours } from './colours.js';
import { shorten } from './words.js';

const MOST_PARTS = 12;
const IN_A_LINE = 5;

export function figures(document: Readonly<Record<string, unknown>>, c: Colours, indent = ''): string {
  const simple = Object.entries(document).filter(([, value]) => !isPart(value));
  const parts = Object.entries(document).filter(([, value]) => isPart(value));
  const width = Math.max(0, ...simple.map(([key]) => key.length));
  const lines = simple.map(([key, value]) => `${indent}${key.padEnd(width)}  ${said(value, c)}`);
  for (const [key, value] of parts) {
    const inside = value as Record<string, unknown>;
    const values = Object.entries(inside);
    if (values.length <= IN_A_LINE && values.every(([, item]) => !isPart(item) && !Array.isArray(item)))
      lines.push(`${indent}${key}  ${values.map(([name, item]) => `${c.dim(name)} ${said(item, c)}`).join(', ')}`);
    else if (values.length > MOST_PARTS)
      lines.push(`${indent}${key}  ${c.dim(`${values.length} entries (--json shows them)`)}`);
    else lines.push(`${indent}${c.bold(key)}`, figures(inside, c, `${indent}  `));
  }
  return lines.join('\n');
}

const isPart = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;

function said(value: unknown, c: Colours): string {
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
  if (Array.isArray(value)) {
    const numbers = value.every((item) => typeof item === 'number') && value.length <= 4;
    return numbers
      ? value.map((item) => said(item, c)).join(' to ')
      : c.dim(`${value.length} entries (--json shows them)`);
  }
  if (value === null || value === undefined) return c.dim('none');
  if (typeof value === 'object') return c.dim('none');
  return shorten(String(value), 120);
}
