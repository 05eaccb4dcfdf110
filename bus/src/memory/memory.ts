// What workers remember, in the KV bucket `memory`. Keys: `task.<key>` short-term, `lesson.<master>.<id>` long-term, `spent.<day>.<owner>`
// budgets, `record.<master>.<type>` history, `answer.<hash>` finished answers. Everything changes by compare-and-set.
import {
  decodeMessage,
  encodeMessage,
  escapeToken,
  type Lesson,
  lessonSchema,
  type TaskMemory,
  type TrackRecord,
  taskKey,
  taskMemorySchema,
  trackRecordSchema,
} from '@cortex/schemas';
import type { KV } from '@nats-io/kv';
import type { z } from 'zod';
import type { Bus } from '../connection/connect.js';
import { openBucket } from '../registry/bucket.js';
import { type BucketFollowing, followBucket } from '../registry/follow-bucket.js';
import { putIf } from '../registry/prompts.js';
import { type Budget, openBudgets } from './budget.js';

export interface Memory {
  task(id: string): Promise<TaskMemory | undefined>;
  /** Changes the memory of a task; `edit` may run again when somebody else wrote in between. */
  changeTask(id: string, edit: (known: TaskMemory | undefined) => TaskMemory): Promise<TaskMemory>;
  forgetTask(id: string): Promise<boolean>;
  tasks(): Promise<TaskMemory[]>;
  /** Lessons of a master, or of all. */
  lessons(master?: string): Promise<Lesson[]>;
  /** Every lesson there is, then every change: `undefined` for one that was forgotten. Resolves once those there are were told. */
  watchLessons(onLesson: (key: string, lesson: Lesson | undefined) => void): Promise<BucketFollowing>;
  putLesson(lesson: Lesson): Promise<void>;
  changeLesson(master: string, id: string, edit: (lesson: Lesson) => Lesson): Promise<Lesson | undefined>;
  forgetLesson(master: string, id: string): Promise<boolean>;
  record(master: string, taskType: string): Promise<TrackRecord | undefined>;
  changeRecord(master: string, taskType: string, edit: (known: TrackRecord) => TrackRecord): Promise<void>;
  /** A finished answer under the hash of everything it depends on. */
  answer(hash: string): Promise<Record<string, unknown> | undefined>;
  putAnswer(hash: string, answer: Record<string, unknown>): Promise<void>;
  readonly budgets: Budget;
  /** Removes task memories and answers that nobody touched for so long. Returns how many. */
  sweep(olderThanMs: number): Promise<number>;
}

/** Throws NotProvisioned without its bucket. */
export async function openMemory(bus: Bus): Promise<Memory> {
  const kv = await openBucket(bus, 'memory');
  const taskAt = (id: string) => `task.${taskKey(id).key}`;
  const lessonAt = (master: string, id: string) => `lesson.${escapeToken(master)}.${escapeToken(id)}`;
  const recordAt = (master: string, type: string) => `record.${escapeToken(master)}.${escapeToken(type)}`;
  const answerAt = (hash: string) => `answer.${hash.replace(/[^0-9a-f]/g, '').slice(0, 64)}`;
  return {
    task: async (id) => (await read(kv, taskAt(id), 'task memory', taskMemorySchema))?.value,
    changeTask: (id, edit) => change(kv, taskAt(id), 'task memory', taskMemorySchema, edit),
    forgetTask: (id) => remove(kv, taskAt(id)),
    tasks: () => all(kv, 'task.*', 'task memory', taskMemorySchema),
    lessons: (master) =>
      all(kv, `lesson.${master === undefined ? '*' : escapeToken(master)}.*`, 'lesson', lessonSchema),
    watchLessons: (onLesson) => watchLessons(bus, onLesson),
    async putLesson(lesson) {
      await kv.put(lessonAt(lesson.master, lesson.id), encodeMessage(lesson));
    },
    async changeLesson(master, id, edit) {
      for (;;) {
        const found = await read(kv, lessonAt(master, id), 'lesson', lessonSchema);
        if (!found) return undefined;
        const next = edit(found.value);
        if (await putIf(kv, lessonAt(master, id), next, found.revision)) return next;
      }
    },
    forgetLesson: (master, id) => remove(kv, lessonAt(master, id)),
    record: async (master, type) => (await read(kv, recordAt(master, type), 'record', trackRecordSchema))?.value,
    async changeRecord(master, type, edit) {
      const fresh: TrackRecord = {
        master,
        task_type: type,
        tasks: 0,
        succeeded: 0,
        tokens: 0,
        minutes: 0,
        problems: {},
      };
      await change(kv, recordAt(master, type), 'record', trackRecordSchema, (known) => edit(known ?? fresh));
    },
    async answer(hash) {
      const entry = await kv.get(answerAt(hash));
      return entry?.operation === 'PUT' ? entry.json<Record<string, unknown>>() : undefined;
    },
    async putAnswer(hash, answer) {
      await kv.put(answerAt(hash), encodeMessage(answer));
    },
    budgets: openBudgets(kv),
    async sweep(olderThanMs) {
      const before = Date.now() - olderThanMs;
      let swept = 0;
      for (const filter of ['task.*', 'answer.*', 'spent.*.*'])
        for (const key of await keysOf(kv, filter)) {
          const entry = await kv.get(key);
          if (entry?.operation !== 'PUT' || entry.created.getTime() >= before) continue;
          await kv.purge(key);
          swept++;
        }
      return swept;
    },
  };
}

function watchLessons(bus: Bus, onLesson: (key: string, lesson: Lesson | undefined) => void): Promise<BucketFollowing> {
  return followBucket(bus, bus.subjects.bucket('memory'), 'lesson.*.*', ({ key, value }) => {
    let lesson: Lesson | undefined;
    // What somebody else's tool wrote and does not fit is not remembered.
    if (value !== undefined)
      try {
        lesson = decodeMessage('lesson', lessonSchema, value);
      } catch {
        lesson = undefined;
      }
    onLesson(key, lesson);
  });
}

async function keysOf(kv: KV, filter: string): Promise<string[]> {
  const keys = new Set<string>();
  for await (const key of await kv.keys(filter)) keys.add(key);
  return [...keys].sort();
}

async function all<S extends z.ZodType>(kv: KV, filter: string, what: string, schema: S): Promise<z.infer<S>[]> {
  const found: z.infer<S>[] = [];
  for (const key of await keysOf(kv, filter)) {
    // What somebody else's tool wrote and does not fit is not remembered.
    const one = await read(kv, key, what, schema).catch(() => undefined);
    if (one) found.push(one.value);
  }
  return found;
}

async function read<S extends z.ZodType>(kv: KV, key: string, what: string, schema: S) {
  const entry = await kv.get(key);
  if (entry?.operation !== 'PUT') return undefined;
  return { value: decodeMessage(what, schema, entry.value), revision: entry.revision };
}

async function change<S extends z.ZodType>(
  kv: KV,
  key: string,
  what: string,
  schema: S,
  edit: (known: z.infer<S> | undefined) => z.infer<S>,
): Promise<z.infer<S>> {
  for (;;) {
    const found = await read(kv, key, what, schema);
    const next = edit(found?.value);
    // A key that was deleted has a revision too; `create` knows.
    if (await putIf(kv, key, next, found?.revision)) return next;
  }
}

async function remove(kv: KV, key: string): Promise<boolean> {
  const entry = await kv.get(key);
  if (entry?.operation !== 'PUT') return false;
  await kv.purge(key);
  return true;
}
