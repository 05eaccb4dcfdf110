// Retrieval: what the librarian knows, what the plan asked to look up, what memory holds. Everything here is data from now on.

import { withSpan } from '@cortex/bus';
import { cosine, recall, unpackVector, wordLikeness } from '@cortex/models';
import { fromContext, type NewPiece, packPieces } from '../piece.js';
import { explained, type State } from '../state.js';
import { countEvent } from '../telemetry.js';
import { taskText } from './plan.js';

export async function retrieve(state: State): Promise<State> {
  const { around, job } = state;
  return withSpan('retrieve', {}, async (span) => {
    const [fromLibrarian, found, recalled] = await Promise.all([
      askLibrarian(state),
      lookUp(state),
      recallLessons(state),
    ]);
    const missing = 'missing' in fromLibrarian ? fromLibrarian.missing : undefined;
    // A lesson that memory brings up need not be read twice.
    const own = new Set(recalled.map(({ lesson }) => lesson.id));
    const pieces = 'missing' in fromLibrarian ? [] : fromLibrarian.pieces.filter((p) => !own.has(p.lesson?.id ?? ''));
    if (missing !== undefined) {
      countEvent('without-context', job.master);
      job.log.warn('no context from the librarian; going on without', { task: job.task.id, why: missing });
    }
    // What the plan asked for by name is needed; what the librarian offers fills the rest.
    const { kept, left } = packPieces([...found, ...pieces], around.settings.contextTokens);
    span.setAttributes({
      'cortex.context.pieces': kept.length,
      'cortex.context.left_out': left,
      'cortex.context.tokens': kept.reduce((sum, piece) => sum + piece.tokens, 0),
      'cortex.context.missing': missing ?? '',
      'cortex.memory.lessons': recalled.length,
    });
    for (const piece of kept)
      span.addEvent('context', {
        id: piece.id,
        source: around.border.pass(piece.source),
        sha256: piece.sha256,
        trust: piece.trust,
        why: around.border.pass(piece.why),
        signs: piece.signs.join(' '),
      });
    for (const { lesson, why } of recalled) span.addEvent('memory read', { lesson: lesson.id, why });
    const suspicious = kept.filter((piece) => piece.signs.length > 0).length;
    if (suspicious > 0) countEvent('suspicious-text', job.master, suspicious);
    return explained(
      { ...state, pieces: kept, recalled, withoutContext: missing },
      missing === undefined
        ? `context: ${kept.length} pieces${left > 0 ? `, ${left} left out` : ''}${suspicious > 0 ? `, ${suspicious} of them talk to a model` : ''}`
        : `without context: ${missing}`,
      ...recalled.map(({ lesson, why }) => `memory ${lesson.id}: ${why}`),
    );
  });
}

async function askLibrarian(state: State): Promise<{ pieces: NewPiece[] } | { missing: string }> {
  const { around, job, taskType } = state;
  const { task } = job;
  const answer = await around.source.context(
    {
      id: task.id,
      text: task.text,
      type: taskType,
      ...(typeof task.title === 'string' ? { title: task.title } : {}),
      ...(typeof task.repository === 'string' ? { repository: task.repository } : {}),
    },
    Math.trunc(around.settings.contextTokens),
    around.settings.contextWaitMs,
  );
  return 'missing' in answer && typeof answer.missing === 'string'
    ? { missing: answer.missing }
    : { pieces: (answer as { pieces: Parameters<typeof fromContext>[0][] }).pieces.map(fromContext) };
}

async function lookUp(state: State): Promise<NewPiece[]> {
  const { repository } = state.around;
  if (!repository || !state.plan) return [];
  const pieces: NewPiece[] = [];
  for (const lookup of state.plan.lookups) {
    state.job.signal.throwIfAborted();
    if (lookup.kind === 'search') pieces.push(...(await repository.search(lookup.query)));
    else {
      const piece = await repository.view(lookup.path, lookup.from, lookup.to);
      if (piece) pieces.push(piece);
    }
  }
  return pieces;
}

async function recallLessons(state: State) {
  const { around, job } = state;
  const { encoder } = around.settings;
  const about = taskText(job.task);
  try {
    const lessons = await around.memory.lessons();
    if (lessons.length === 0) return [];
    const vector = await encoder?.encode([about.slice(0, 2_000)], { signal: job.signal }).catch(() => undefined);
    const own = vector?.[0];
    return recall(lessons, {
      master: job.master,
      most: 4,
      similarity: (lesson) =>
        own && lesson.vector !== undefined && lesson.encoder === encoder?.id
          ? cosine(own, unpackVector(lesson.vector))
          : wordLikeness(about, lesson.about),
    });
  } catch (error) {
    job.log.warn('long-term memory cannot be read; going on without', { error: (error as Error).message });
    return [];
  }
}
