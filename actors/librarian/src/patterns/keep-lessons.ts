// Lessons of workers that proved themselves → the patterns collection, where every master's workers find them; and out of it again once they are
// superseded, disproved, stale or forgotten. The one thing to know: memory is the truth and is followed; a row is only ever what memory says by now.
import type { BucketFollowing, Memory } from '@cortex/bus';
import { isPattern, shareInterval } from '@cortex/models';
import type { Lesson } from '@cortex/schemas';
import { rowsOf, sha256, shownText } from '../chunk/rows.js';
import type { Library } from '../library/library.js';
import { withoutSecrets } from '../read/secrets.js';
import type { ChunkRow } from '../store/types.js';

const WAIT_MS = 250;
/** After trouble with the store, doubled each time. */
const AGAIN_MS = 2_000;
const AGAIN_AT_MOST_MS = 15_000;
/** How often freshness is looked at: it fades over weeks. */
const FADE_MS = 3_600_000;
/** A row's figures are written anew after so much more use, or so many milliseconds; the text at once. */
const MORE_USE = 1.5;
const OLD_MS = 7 * 86_400_000;

export interface LessonKeeper {
  /** Resolves once what memory held at the start was written, or could not be and is tried again. */
  readonly ready: Promise<void>;
  /** Looks at the freshness of every lesson now. */
  fade(now?: Date): Promise<void>;
  stop(): Promise<void>;
}

interface Proof {
  useful: number;
  used: number;
  /** 95 % bounds of its share of successes. */
  share: readonly [number, number];
  learned_at: string;
  confirmed_at: string;
  /** Over what a reader is shown. */
  text: string;
}

export async function keepLessons(
  memory: Memory,
  library: () => Promise<Library>,
  onError: (error: Error) => void = () => undefined,
): Promise<LessonKeeper> {
  const lessons = new Map<string, Lesson>();
  const waiting = new Map<string, Lesson | undefined>();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let stopped = false;
  let again = AGAIN_MS;
  /** Whether rows of lessons that were forgotten while nobody looked may still be there. */
  let sweep = true;
  let watch: BucketFollowing | undefined;
  watch = await memory.watchLessons((key, lesson) => {
    // Vectors of tasks are not needed here, and there may be many.
    const known = lesson && { ...lesson, vector: undefined };
    const told = known ?? lessons.get(key);
    if (known) lessons.set(key, known);
    else lessons.delete(key);
    if (told) waiting.set(pathOf(told), known);
    // What was there at the start is written at once below, all of it.
    if (watch) soon(WAIT_MS);
  });

  function soon(ms: number): void {
    if (!stopped) timer ??= setTimeout(() => void flush(), ms);
  }

  function flush(now = new Date()): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    running = running.then(async () => {
      const batch = new Map(waiting);
      waiting.clear();
      if (batch.size === 0 && !sweep) return;
      try {
        const shelf = await library();
        if (sweep) {
          const there = new Set([...lessons.values()].map(pathOf));
          for (const path of (await knownProofs(shelf)).keys()) if (!there.has(path)) batch.set(path, undefined);
        }
        await write(shelf, batch, now);
        sweep = false;
        again = AGAIN_MS;
      } catch (error) {
        // Nothing is lost; what came in meanwhile is newer and stays.
        for (const [path, lesson] of batch) if (!waiting.has(path)) waiting.set(path, lesson);
        if (again === AGAIN_MS) onError(error as Error);
        soon(again);
        again = Math.min(again * 2, AGAIN_AT_MOST_MS);
      }
    });
    return running;
  }

  const fade = (now?: Date) => {
    for (const lesson of lessons.values()) waiting.set(pathOf(lesson), lesson);
    return flush(now);
  };

  const ready = flush();
  const fading = setInterval(() => void fade(), FADE_MS);
  return {
    ready,
    fade,
    async stop() {
      stopped = true;
      clearInterval(fading);
      clearTimeout(timer);
      watch?.stop();
      await running;
    },
  };
}

async function write(shelf: Library, batch: ReadonlyMap<string, Lesson | undefined>, now: Date): Promise<void> {
  if (batch.size === 0) return;
  const { store } = shelf;
  const known = await knownProofs(shelf, [...batch.keys()]);
  const gone: string[] = [];
  const rows: ChunkRow[] = [];
  for (const [path, lesson] of batch) {
    if (!lesson || !isPattern(lesson, now)) {
      if (known.has(path)) gone.push(path);
      continue;
    }
    const row = lessonRow(lesson, store.dimensions);
    if (row && isNews(proofOf(row), known.get(path))) rows.push(row);
  }
  if (rows.length > 0) {
    const encoder = await shelf.claimEncoder();
    const vectors = await encoder?.encode(rows.map(shownText));
    rows.forEach((row, i) => {
      const vector = vectors?.[i];
      if (vector) Object.assign(row, { vector, embedded: true });
    });
    await store.put('patterns', rows);
  }
  const paths = [...gone, ...rows.map(({ path }) => path)];
  if (paths.length > 0) await store.remove('patterns', { paths, notIds: rows.map(({ id }) => id) });
}

async function knownProofs(shelf: Library, paths?: readonly string[]): Promise<Map<string, Proof | undefined>> {
  const known = new Map<string, Proof | undefined>();
  const filter = paths ? { paths } : { kind: 'lesson' };
  for await (const rows of shelf.store.scan('patterns', ['path', 'links'], filter))
    for (const row of rows) known.set(row.path, proofOf(row));
  return known;
}

const proofOf = ({ links }: Pick<ChunkRow, 'links'>): Proof | undefined =>
  (JSON.parse(links) as { proof?: Proof }).proof;

function isNews(next: Proof | undefined, known: Proof | undefined): boolean {
  if (!next || !known || next.text !== known.text) return true;
  return next.used >= known.used * MORE_USE || Date.parse(next.confirmed_at) - Date.parse(known.confirmed_at) >= OLD_MS;
}

const pathOf = ({ master, id }: Pick<Lesson, 'master' | 'id'>): string => `lesson:${master}/${id}`;

/** A lesson as a pattern: what to know, where it comes from, and what speaks for it. */
function lessonRow(lesson: Lesson, dimensions: number): ChunkRow | undefined {
  const { master, about, useful, useless, used, source, shared_by: by } = lesson;
  const { lower, upper } = shareInterval(lesson);
  const how = lesson.worked ? 'it worked' : 'found at a failure';
  const from = source === 'person' ? `A person's word for ${master}` : `Learned by ${master}; ${how}`;
  const proof =
    by === 'person'
      ? 'shared by a person'
      : `there at ${useful + useless} tasks, of which ${useful} went well (${percent(lower)} to ${percent(upper)})`;
  const said = withoutSecrets(`${lesson.lesson}\n\n${from}.`).text;
  const task = withoutSecrets(about).text;
  const text = `${said} Proof: ${proof}.\n\nThe task was: ${task}`;
  const cut = {
    language: 'pattern',
    passages: [{ kind: 'lesson', symbol: '', text, start: 1, end: text.split('\n').length }],
    imports: [],
    defines: [],
  };
  const shown = sha256([said, task, lesson.trust].join('\0'));
  const [row] = rowsOf(
    cut,
    {
      repository: master,
      path: pathOf(lesson),
      commit: '',
      changedAt: Date.parse(lesson.confirmed_at),
      trust: lesson.trust === 'own' ? 'known' : lesson.trust,
      fileHash: sha256(text),
      title: task.split('\n')[0]?.slice(0, 160) ?? '',
    },
    dimensions,
  );
  const figures: Proof = {
    useful,
    used,
    share: [lower, upper],
    learned_at: lesson.learned_at,
    confirmed_at: lesson.confirmed_at,
    text: shown,
  };
  return row && { ...row, links: JSON.stringify({ ...(JSON.parse(row.links) as object), proof: figures }) };
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;
