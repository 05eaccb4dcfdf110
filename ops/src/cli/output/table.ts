// Tables for people: left-aligned columns, two blanks between, the last column cut to the terminal.
import { stripVTControlCharacters } from 'node:util';
import { colours } from './colours.js';

const length = (text: string) => [...stripVTControlCharacters(text)].length;

/** Lays rows out under their headings. Cells may hold colours. On a terminal lines are cut to its width, in a pipe they are whole. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  width: number | undefined = process.stdout.isTTY ? process.stdout.columns : undefined,
): string {
  const widths = headings.map((heading, i) => Math.max(length(heading), ...rows.map((row) => length(row[i] ?? ''))));
  const lay = (cells: readonly string[], paint: (text: string) => string = (text) => text) =>
    paint(
      cells
        .map((cell, i) =>
          i === cells.length - 1 ? cell : cell + ' '.repeat(Math.max(0, (widths[i] ?? 0) - length(cell))),
        )
        .join('  ')
        .trimEnd(),
    );
  const cut = (line: string) =>
    width === undefined || length(line) <= width
      ? line
      : `${[...stripVTControlCharacters(line)].slice(0, width - 1).join('')}…`;
  return [lay(headings, colours().dim), ...rows.map((row) => cut(lay(row)))].join('\n');
}
