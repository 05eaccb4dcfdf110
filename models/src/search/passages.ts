// Long text → passages that an encoder reads to their end, cut where the text itself has a border.

/** About 256 tokens of English; what stands behind would not be read. */
const LONGEST = 1000;
/** A passage below this joins its neighbour. */
const SHORTEST = 200;
const BORDERS = [/\n\s*\n/g, /\n/g, /[.!?。！？]\s+/g, /\s+/g];

/**
 * The text's passages in order, none longer than `longest` characters; all of the text is in them.
 * @param most passages at most; the rest of the text is left out. Default 64.
 */
export function passages(text: string, longest = LONGEST, most = 64): string[] {
  const found: string[] = [];
  let rest = text.trim();
  while (rest.length > longest && found.length < most - 1) {
    const cut = border(rest, longest);
    found.push(rest.slice(0, cut).trimEnd());
    rest = rest.slice(cut).trimStart();
  }
  if (rest || !found.length) found.push(rest.slice(0, longest));
  return found;
}

/** A passage with the title before it: a passage from the middle would not say what it is about. */
export function titledPassages(title: string, text: string): string[] {
  const head = title.trim().slice(0, LONGEST / 4);
  return passages(text, LONGEST - head.length).map((passage) => `${head}\n${passage}`.trim());
}

/** The last border of the best kind that leaves neither side too short. */
function border(text: string, longest: number): number {
  const window = text.slice(0, longest);
  const latest = Math.min(longest, text.length - Math.min(SHORTEST, text.length - longest));
  for (const kind of BORDERS) {
    let cut = 0;
    for (const match of window.matchAll(kind)) {
      const end = match.index + match[0].length;
      if (end <= latest) cut = end;
    }
    if (cut >= longest / 2) return cut;
  }
  // A surrogate pair must not be torn.
  return /[\uD800-\uDBFF]/.test(window.at(-1) ?? '') ? longest - 1 : longest;
}
