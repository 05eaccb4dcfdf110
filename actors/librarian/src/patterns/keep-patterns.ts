// Lessons into the patterns collection: several outcomes at once, one row a pattern, what is known of it before is counted on.
import type { LogRecord } from '@cortex/schemas';
import { rowsOf, sha256, shownText } from '../chunk/rows.js';
import type { Library } from '../library/library.js';
import { withoutSecrets } from '../read/secrets.js';
import type { ChunkRow } from '../store/types.js';
import { type Lesson, lessonOf } from './lesson.js';

const TOGETHER = 64;
const WAIT_MS = 250;
const SETTLE_EVERY = 500;

interface Counts {
  worked: number;
  failed: number;
}

export interface PatternKeeper {
  /** Resolves once the lesson (if there is one) is stored. */
  keep(record: LogRecord, text: string | undefined): Promise<void>;
  stop(): Promise<void>;
}

export function patternKeeper(library: () => Promise<Library>): PatternKeeper {
  let waiting: { lesson: Lesson; done: () => void; failed: (error: unknown) => void }[] = [];
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let unsettled = 0;

  async function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const batch = waiting;
    waiting = [];
    if (batch.length === 0) return;
    try {
      await write(
        await library(),
        batch.map(({ lesson }) => lesson),
      );
      for (const { done } of batch) done();
    } catch (error) {
      for (const { failed } of batch) failed(error);
    }
  }

  async function write(shelf: Library, lessons: readonly Lesson[]): Promise<void> {
    const { store } = shelf;
    const latest = new Map<string, Lesson>();
    const counts = new Map<string, Counts>();
    for (const lesson of lessons) {
      const count = counts.get(lesson.key) ?? { worked: 0, failed: 0 };
      counts.set(lesson.key, {
        worked: count.worked + (lesson.worked ? 1 : 0),
        failed: count.failed + (lesson.worked ? 0 : 1),
      });
      const before = latest.get(lesson.key);
      if (!before || before.at <= lesson.at) latest.set(lesson.key, lesson);
    }
    const paths = [...latest.keys()].map(pathOf);
    for await (const rows of store.scan('patterns', ['path', 'links'], { paths }))
      for (const { path, links } of rows) {
        const { counts: known } = JSON.parse(links) as { counts?: Counts };
        const key = path.slice('pattern:'.length);
        const count = counts.get(key);
        if (known && count)
          counts.set(key, { worked: known.worked + count.worked, failed: known.failed + count.failed });
      }
    const rows = [...latest.values()].flatMap((lesson) =>
      patternRows(lesson, counts.get(lesson.key) ?? { worked: 0, failed: 0 }, store.dimensions),
    );
    const encoder = await shelf.claimEncoder();
    if (encoder) {
      const vectors = await encoder.encode(rows.map(shownText));
      rows.forEach((row, i) => {
        row.vector = vectors[i] ?? row.vector;
        row.embedded = true;
      });
    }
    await store.put('patterns', rows);
    // The lesson before this one is superseded.
    await store.remove('patterns', { paths, notIds: rows.map(({ id }) => id) });
    unsettled += rows.length;
    if (unsettled < SETTLE_EVERY) return;
    unsettled = 0;
    await store.settle('patterns');
  }

  return {
    keep(record, text) {
      const lesson = lessonOf(record, text === undefined ? undefined : withoutSecrets(text).text);
      if (!lesson) return Promise.resolve();
      return new Promise((done, failed) => {
        waiting.push({ lesson, done, failed });
        if (waiting.length >= TOGETHER) running = running.then(flush);
        else timer ??= setTimeout(() => (running = running.then(flush)), WAIT_MS);
      });
    },
    async stop() {
      running = running.then(flush);
      await running;
    },
  };
}

const pathOf = (key: string): string => `pattern:${key}`;

function patternRows(lesson: Lesson, counts: Counts, dimensions: number): ChunkRow[] {
  const text = withoutSecrets(
    `${lesson.text}\n\nSo far: worked ${counts.worked} times, failed ${counts.failed} times.`,
  ).text;
  const lines = text.split('\n').length;
  const cut = {
    language: 'pattern',
    passages: [{ kind: 'pattern', symbol: '', text, start: 1, end: lines }],
    imports: [],
    defines: [],
  };
  // Quotes what anyone may have written as a task.
  const place = {
    repository: lesson.master,
    path: pathOf(lesson.key),
    commit: '',
    changedAt: lesson.at,
    trust: 'outside',
    fileHash: sha256(text),
    title: lesson.title,
  } as const;
  return rowsOf(cut, place, dimensions).map((row) => ({
    ...row,
    links: JSON.stringify({ ...(JSON.parse(row.links) as object), counts }),
  }));
}
