// How the versions of each prompt did, from the settled tasks in LOG. The place up to which LOG was read stands in the same record as what was
// counted, and both change by compare-and-set: however many readers there are, every outcome counts once.
import { decodeMessage, logRecordSchema, type PromptTrial, parsePromptRef } from '@cortex/schemas';
import { JetStreamApiError } from '@nats-io/jetstream';
import type { Bus } from '../connection/connect.js';
import type { PromptRegistry } from './prompts.js';

const KEPT = 2_000;
const BATCH = 250;
/** Most records read in one go; the rest waits for the next. */
const MOST = 20_000;

type Counted = PromptTrial['outcomes'][number] & { readonly name: string; readonly sequence: number };

/**
 * Counts what was settled since the last time. A prompt that is new to it starts now. Returns the trials after it, by name.
 */
export async function countPromptOutcomes(bus: Bus, prompts: PromptRegistry): Promise<Map<string, PromptTrial>> {
  const names = (await prompts.list()).map((head) => head.name);
  const trials = new Map<string, PromptTrial>();
  if (names.length === 0) return trials;
  const stream = bus.subjects.stream('LOG');
  const last = (await bus.jsm.streams.info(stream)).state.last_seq;
  for (const name of names) {
    const known = await prompts.trial(name);
    if (known) trials.set(name, known.trial);
    else {
      const fresh = { prompt: name, cursor: last, outcomes: [] };
      await prompts.saveTrial(fresh, undefined);
      trials.set(name, (await prompts.trial(name))?.trial ?? fresh);
    }
  }
  const from = Math.min(...[...trials.values()].map((trial) => trial.cursor)) + 1;
  if (from > last) return trials;
  const { found, upTo } = await settledSince(bus, stream, from, last);
  for (const name of names) trials.set(name, await addTo(prompts, name, found, upTo));
  return trials;
}

async function addTo(
  prompts: PromptRegistry,
  name: string,
  found: readonly Counted[],
  upTo: number,
): Promise<PromptTrial> {
  for (;;) {
    const known = await prompts.trial(name);
    const trial: PromptTrial = known?.trial ?? { prompt: name, cursor: 0, outcomes: [] };
    if (trial.cursor >= upTo) return trial;
    const own = found.filter((one) => one.name === name && one.sequence > trial.cursor);
    const outcomes = [...trial.outcomes, ...own.map(({ name: _n, sequence: _s, ...outcome }) => outcome)];
    const next = { ...trial, cursor: upTo, outcomes: outcomes.slice(-KEPT) };
    // A cursor alone is not worth a write; the next outcome brings it along.
    if (own.length === 0 && upTo - trial.cursor < MOST / 4) return trial;
    if (await prompts.saveTrial(next, known?.revision)) return next;
  }
}

async function settledSince(
  bus: Bus,
  stream: string,
  from: number,
  last: number,
): Promise<{ found: Counted[]; upTo: number }> {
  const found: Counted[] = [];
  let seq = from;
  for (let read = 0; seq <= last && read < MOST; ) {
    let seen = 0;
    try {
      const query = { seq, batch: BATCH, next_by_subj: bus.subjects.logStep('settled') };
      for await (const message of await bus.jsm.direct.getBatch(stream, query)) {
        seen++;
        seq = message.seq + 1;
        if (message.seq > last) return { found, upTo: last };
        const counted = countedOf(message.data, message.seq);
        if (counted) found.push(counted);
      }
    } catch (error) {
      // Nothing at or after this place.
      if (!(error instanceof JetStreamApiError) && (error as { code?: unknown }).code !== 404) throw error;
      return { found, upTo: last };
    }
    if (seen === 0) return { found, upTo: last };
    read += seen;
  }
  return { found, upTo: Math.min(seq - 1, last) };
}

function countedOf(data: Uint8Array, sequence: number): Counted | undefined {
  try {
    const record = decodeMessage('log record', logRecordSchema, data);
    const { outcome } = record;
    const ref = outcome?.prompt === undefined ? undefined : parsePromptRef(outcome.prompt);
    // An answer used again says nothing new about its prompt.
    if (!outcome || !ref || outcome.cached === true || outcome.status === 'cancelled' || outcome.status === 'expired')
      return undefined;
    return {
      ...ref,
      success: outcome.success ?? outcome.status === 'completed',
      task: record.task.id,
      tokens: outcome.tokens ?? 0,
      at: record.at,
      sequence,
    };
  } catch {
    return undefined;
  }
}
