// From a task at its end to a lesson for whoever gets one like it. Pure.
// The one thing to know: tasks that differ only in numbers, ids and hashes are one pattern; the latest outcome is its lesson, the counts of all stay.
import { createHash } from 'node:crypto';
import type { LogRecord } from '@cortex/schemas';

export interface Lesson {
  /** The same for tasks that are the same but for numbers and ids. */
  key: string;
  title: string;
  text: string;
  master: string;
  worked: boolean;
  at: number;
}

const QUOTED_TEXT = 1_200;

/** Undefined where nothing can be learnt: no text, nothing tried, cancelled. */
export function lessonOf(record: LogRecord, text: string | undefined): Lesson | undefined {
  const { outcome, decision, correction, task } = record;
  if (text === undefined || text.trim() === '') return undefined;
  const corrected = correction?.master ?? outcome?.correct_master ?? undefined;
  const done = outcome?.status === 'completed' || outcome?.status === 'failed';
  if (!corrected && (!done || outcome?.worker === 'cortex')) return undefined;
  const master = corrected ?? outcome?.master ?? decision?.master ?? '';
  if (master === '') return undefined;
  const worked = outcome?.success ?? outcome?.status === 'completed';
  const title =
    String((task as { title?: unknown }).title ?? text)
      .split('\n')[0]
      ?.slice(0, 160) ?? '';
  const lines = [
    corrected && decision && corrected !== decision.master
      ? `Belongs to ${corrected}, not to ${decision.master} as was decided.`
      : `Done by ${master}.`,
    done ? (worked ? 'It worked.' : 'It did not work.') : '',
    outcome?.error ? `What went wrong: ${outcome.error.slice(0, 600)}` : '',
    typeof outcome?.lesson === 'string' ? `What was learnt: ${outcome.lesson.slice(0, 1_000)}` : '',
    outcome?.prompt ? `Prompt ${outcome.prompt}.` : '',
    outcome?.minutes === undefined ? '' : `Took ${round(outcome.minutes)} minutes.`,
    outcome?.tokens === undefined ? '' : `Took ${Math.round(outcome.tokens)} tokens.`,
    outcome?.quality === undefined ? '' : `Quality ${round(outcome.quality)}.`,
    outcome?.evidence?.length
      ? `Shown by: ${outcome.evidence
          .slice(0, 5)
          .map(({ kind, ref }) => [kind, ref].filter(Boolean).join(' '))
          .join('; ')}.`
      : '',
  ].filter(Boolean);
  return {
    key: keyOf(text),
    title,
    text: `${lines.join(' ')}\n\nThe task was: ${text.slice(0, QUOTED_TEXT)}`,
    master,
    worked,
    at: Date.parse(record.at),
  };
}

function keyOf(text: string): string {
  const same = text
    .toLowerCase()
    .replace(/\b(?:[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{7,64}|[a-z]*[-_]?\d[\w.-]*)\b/g, ' ')
    .replace(/[^\p{L}]+/gu, ' ')
    .trim();
  return createHash('sha256').update(same).digest('hex').slice(0, 16);
}

const round = (value: number): number => Math.round(value * 100) / 100;
