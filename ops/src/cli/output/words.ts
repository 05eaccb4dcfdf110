// Small wordings: shortened texts, shares, plurals.

/** At most `most` characters on one line; control characters, which could move a terminal's cursor, become blanks. */
export function shorten(text: string, most: number): string {
  const line = text
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
  const characters = [...line];
  return characters.length <= most ? line : `${characters.slice(0, Math.max(1, most - 1)).join('')}…`;
}

/** `93 %`; values that would round to 0 or 100 without being it say so. */
export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 1) return '< 1 %';
  if (value < 100 && value > 99) return '> 99 %';
  return `${Math.round(value)} %`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}
