// Which slices a task belongs to: source, priority, repository, labels, language.
/** The parts of a task that slices are made of. */
export interface SlicedTask {
  readonly text?: string | undefined;
  readonly source?: unknown;
  readonly priority?: unknown;
  readonly repository?: unknown;
  readonly labels?: unknown;
  readonly language?: unknown;
}

const SCRIPTS = ['Latin', 'Cyrillic', 'Greek', 'Arabic', 'Hebrew', 'Devanagari', 'Thai', 'Hangul'] as const;
const PATTERNS: readonly [string, RegExp][] = [
  ...SCRIPTS.map((name): [string, RegExp] => [name, new RegExp(`\\p{Script=${name}}`, 'gu')]),
  ['Japanese', /[\p{Script=Hiragana}\p{Script=Katakana}]/gu],
  ['Han', /\p{Script=Han}/gu],
];
/** Characters looked at. */
const MOST = 1_000;

/** Dimension and value of every slice the task is in. Labels become `label.<name>`. */
export function slicesOfTask(task: SlicedTask): Record<string, string> {
  const slices: Record<string, string> = {};
  for (const dimension of ['source', 'priority', 'repository'] as const) {
    const value = task[dimension];
    if (typeof value === 'string' && value !== '') slices[dimension] = value.slice(0, 128);
  }
  const labels =
    typeof task.labels === 'object' && task.labels !== null ? (task.labels as Record<string, unknown>) : {};
  for (const [name, value] of Object.entries(labels).slice(0, 8))
    if (typeof value === 'string' && name !== 'language') slices[`label.${name}`.slice(0, 64)] = value.slice(0, 128);
  const language = task.language ?? labels.language;
  slices.language = typeof language === 'string' ? language.slice(0, 32) : scriptOf(task.text ?? '');
  return slices;
}

/**
 * The script most of the letters are written in, as a stand-in for a language that nobody stated: it needs no model and no guess; languages
 * that share a script are told apart only by a stated `language`.
 */
export function scriptOf(text: string): string {
  const head = text.slice(0, MOST);
  let best = 'none';
  let most = 0;
  for (const [name, pattern] of PATTERNS) {
    const found = head.match(pattern)?.length ?? 0;
    if (found > most || (found === most && found > 0 && name === 'Japanese')) {
      best = name;
      most = found;
    }
  }
  return best;
}
