// What the pages read. Lists are small or bounded; everything is answered from memory but one task's life and one letter.
import { decodeText } from '@cortex/schemas';
import { Hono } from 'hono';
import { findLetter } from '../cli/dead-letters.js';
import { WrongInput } from '../cli/failures.js';
import { Refusal } from './act/refusal.js';
import { lastWords as lastDeeds, undoneOf, undoWords } from './act/undo.js';
import type { Librarian } from './library.js';
import { mastersReport } from './masters/report.js';
import { promptsAnswer } from './models/prompts.js';
import { modelsAnswer } from './models/report.js';
import type { Env } from './server.js';
import { lifeOf } from './tasks/life.js';
import { TASKS_IN_VIEW } from './tasks/task-index.js';
import type { Intervention, LetterWhole } from './wire.js';
import type { World } from './world.js';

export function readRoutes(world: World, librarian: Librarian, traceLink: (trace: string) => string | null): Hono<Env> {
  const app = new Hono<Env>();
  app.get('/now', async (c) => {
    await world.look().catch(() => undefined);
    return c.json(world.now());
  });
  app.get('/tasks', async (c) => {
    await world.caughtUp;
    const asked = Number(c.req.query('limit') ?? TASKS_IN_VIEW);
    return c.json(world.tasks.newest(Number.isInteger(asked) && asked > 0 ? asked : TASKS_IN_VIEW));
  });
  app.get('/task', async (c) => {
    const id = c.req.query('id') ?? '';
    const life = id === '' ? undefined : await lifeOf(world, id, traceLink);
    if (!life) throw new Refusal(404, `no task "${id}" is in the log`);
    return c.json(life);
  });
  app.get('/masters', (c) =>
    c.json(
      mastersReport({
        masters: world.masters(),
        rows: world.tasks.rows(),
        flows: world.flows(),
        workers: world.workers(),
      }),
    ),
  );
  app.get('/reviews', (c) => {
    const all = world.questions();
    const answered = all.filter((question) => question.answer).slice(-50);
    return c.json({ open: all.filter((question) => !question.answer), answered: answered.reverse() });
  });
  app.get('/letters', (c) => c.json(world.letters()));
  app.get('/letter', async (c) => {
    const { letter } = await findLetter(world.bus, c.req.query('id') ?? '').catch((error: unknown) => {
      throw error instanceof WrongInput ? new Refusal(404, 'this letter is not there any more') : error;
    });
    return c.json({ letter, text: readable(letter.payload) } satisfies LetterWhole);
  });
  app.get('/alerts', (c) => c.json(world.alerts()));
  app.get('/actions', (c) => {
    const actions = lastDeeds(world.actions());
    const undone = undoneOf(actions);
    return c.json(actions.map((action): Intervention => ({ action, undo: undoWords(action, undone) })));
  });
  app.get('/models', async (c) => c.json(await modelsAnswer(world)));
  app.get('/prompts', async (c) => c.json(await promptsAnswer(world)));
  app.get('/library', async (c) => c.json(await librarian.status()));
  app.get('/library/search', async (c) =>
    c.json(await librarian.search(c.req.query('q') ?? '', c.req.query('collection'), 20)),
  );
  return app;
}

function readable(base64: string): string | null {
  try {
    return decodeText('payload', Buffer.from(base64, 'base64'));
  } catch {
    return null;
  }
}
