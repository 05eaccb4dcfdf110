// The librarian: finds what somebody should know who does a task. Takes asks (context, search, map, status) and settled tasks; gives cited
// passages; keeps patterns. Its index is written by `cortex index`, by itself only where lessons are learnt.
import { join } from 'node:path';
import {
  type ActorDefinition,
  isBusTrouble,
  openMemory,
  type Question,
  RetryLater,
  retryCurve,
  runConsumer,
  serveAsks,
  taskLog,
} from '@cortex/bus';
import { checkMessage, decodeMessage, type LibrarianAsk, librarianAskSchema, logRecordSchema } from '@cortex/schemas';
import { followAdapters } from './follow.js';
import { answerCache } from './library/answer-cache.js';
import { Library } from './library/library.js';
import { keepLessons } from './patterns/keep-lessons.js';
import { patternKeeper } from './patterns/keep-patterns.js';
import { contextFor, search } from './search/answer.js';
import { repositoryMap } from './search/map.js';
import { type LibrarianSettingsInput, librarianSettingsSchema } from './settings.js';
import { isStoreTrouble } from './store/errors.js';

/** A store that did not answer is not asked again for this long, milliseconds. */
const PATIENCE_MS = 2_000;

/** Throws InvalidMessage naming the setting that does not fit. */
export function librarianActor(input: LibrarianSettingsInput = {}): ActorDefinition {
  const settings = checkMessage('librarian settings', librarianSettingsSchema, input);
  return {
    name: 'librarian',
    description: 'Finds the code, documents, issues and lessons that a task needs.',
    async start(context) {
      const { bus } = context;
      let opening: Promise<Library> | undefined;
      let failedAt = Number.NEGATIVE_INFINITY;
      let failure: Error | undefined;
      let away: string | undefined;
      const storeIs = (missing: string | undefined): void => {
        const why = missing?.split('\n')[0]?.slice(0, 300);
        if (why === away) return;
        away = why;
        context.degrade('store', why);
      };
      // Opened by the first who needs it: an actor that starts must not wait for a store.
      const library = (): Promise<Library> => {
        if (failure && Date.now() - failedAt < PATIENCE_MS) return Promise.reject(failure);
        opening ??= openLibrary().then(
          (opened) => {
            failure = undefined;
            storeIs(undefined);
            return opened;
          },
          (error: Error) => {
            opening = undefined;
            failure = error;
            failedAt = Date.now();
            storeIs(error.message);
            throw error;
          },
        );
        return opening;
      };
      const openLibrary = () => {
        const encoder = /^(?:|off|none)$/.test(settings.encoder) ? undefined : settings.encoder;
        return Library.open({
          folder: settings.folder,
          prefix: bus.subjects.prefix.replaceAll('.', '_'),
          encoder,
          waitForGraph: false,
          ...(settings.milvus === '' ? {} : { milvus: settings.milvus }),
          ...(settings.vector_folder === undefined ? {} : { vectorFolder: settings.vector_folder }),
          ...(settings.models_root === undefined ? {} : { adapterFolder: join(settings.models_root, 'current') }),
        });
      };
      context.add({
        name: 'library',
        stop: async () => {
          await (await opening?.catch(() => undefined))?.close();
        },
      });
      await followAdapters(context, settings);
      const cache = answerCache(settings.cache);
      if (settings.patterns) {
        learn();
        const lessons = await keepLessons(await openMemory(bus), library, (error) => {
          if (!isBusTrouble(error)) context.log.warn('a lesson could not be shared', { error: error.message });
        });
        context.add({ name: 'lessons', stop: () => lessons.stop() });
      }
      const server = serveAsks(bus, {
        actor: 'librarian',
        batch: settings.batch,
        onMissing: (missing) => context.degrade('ASKS', missing ? 'its consumer is missing' : undefined),
        answer: async (questions: Question[]) => questions.map(answer),
      });
      context.add({
        name: 'asks',
        subject: bus.subjects.ask('librarian'),
        busy: server.busy,
        stop: (limitMs) => server.stop(limitMs),
      });

      async function answer(question: Question): Promise<object> {
        const ask = decodeMessage('librarian ask', librarianAskSchema, question.data);
        try {
          const shelf = await library();
          const found = await (ask.kind === 'status'
            ? status(shelf)
            : cache.answer(shelf, ask, () => think(shelf, ask)));
          storeIs(undefined);
          return found;
        } catch (error) {
          // It may have gone away long after it was opened.
          storeIs((error as Error).message);
          throw error;
        }
      }

      function learn(): void {
        const patterns = patternKeeper(library);
        const log = taskLog(bus);
        const consumer = runConsumer(bus, {
          stream: bus.subjects.stream('LOG'),
          consumer: 'librarian',
          template: `${bus.subjects.prefix}.log.settled`,
          concurrency: 64,
          onMissing: (missing) => context.degrade('LOG', missing ? 'its consumer is missing' : undefined),
          onError: (error) => {
            if (!isBusTrouble(error)) context.log.warn('a lesson could not be kept', { error: error.message });
          },
          handle: async (delivery) => {
            const record = decodeMessage('log record', logRecordSchema, delivery.data);
            const text =
              record.task.text ??
              (await log.history(record.task.id)).findLast((l) => l.record.task.text !== undefined)?.record.task.text;
            await patterns.keep(record, text).catch((error: unknown) => {
              // A store that is away is not the lesson's fault: it waits for as long as that takes.
              if (!isStoreTrouble(error)) throw error;
              throw new RetryLater((error as Error).message, retryCurve(delivery.delivery + 2));
            });
          },
        });
        context.add({ name: 'patterns', stop: () => patterns.stop() });
        context.add({
          name: 'log',
          subject: bus.subjects.logStep('settled'),
          busy: consumer.busy,
          stop: (ms) => consumer.stop(ms),
        });
      }
    },
  };
}

async function think(library: Library, ask: Exclude<LibrarianAsk, { kind: 'status' }>): Promise<object> {
  if (ask.kind === 'context') return contextFor(library, ask);
  if (ask.kind === 'search') return search(library, ask);
  return repositoryMap(library, ask);
}

async function status(library: Library): Promise<object> {
  const counts = await library.counts();
  return {
    collections: Object.fromEntries(Object.entries(counts).map(([name, chunks]) => [name, { chunks }])),
    store: `${library.store.kind} ${library.store.where}`,
  };
}
