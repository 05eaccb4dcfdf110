// Everything an LLM worker needs, real: nats-server, coordinator, the worker itself, the scripted server, and a context source that holds texts.
import { createHash } from 'node:crypto';
import { coordinatorActor } from '@cortex/actor-coordinator';
import {
  type ContextSource,
  type LlmSettings,
  type RunLlmOptions,
  type RunningWorker,
  runLlmWorker,
} from '@cortex/actor-worker';
import { type Bus, openMasters, publish, type RunningActor, runActor, silentLogger, taskLog, until } from '@cortex/bus';
import type { Suite } from '@cortex/bus/testing';
import { EVENT_TYPES, type Outcome, type TaskInput } from '@cortex/schemas';
import { words } from './brain.js';
import { countOwn } from './openai-server.js';

export interface Document {
  readonly source: string;
  readonly text: string;
  readonly collection?: 'codebase' | 'documentation' | 'issues' | 'patterns';
  readonly trust?: 'own' | 'known' | 'outside';
}

/** A context source over a few texts: passages by shared words, or (`whole`) the whole files they are in. */
export function textContext(
  documents: readonly Document[],
  options: { whole?: boolean; passageLines?: number; most?: number } = {},
): ContextSource {
  const { whole = false, passageLines = 8, most = 4 } = options;
  const hash = (text: string) => createHash('sha256').update(text).digest('hex');
  return {
    async context(task, budget) {
      const wanted = words(task.text);
      const passages = documents.flatMap((document) => {
        const lines = document.text.split('\n');
        return lines
          .flatMap((_, at) => (at % passageLines === 0 ? [at] : []))
          .map((at) => ({ document, at, text: lines.slice(at, at + passageLines).join('\n') }));
      });
      const scored = passages
        .map((p) => ({ ...p, score: wanted.filter((word) => p.text.toLowerCase().includes(word)).length }))
        .filter((p) => p.score > 0)
        .sort((a, b) => b.score - a.score)
        .slice(0, most);
      const files = [...new Set(scored.map((p) => p.document))];
      const chosen = whole ? files.map((document) => ({ document, at: 0, text: document.text, score: 1 })) : scored;
      const pieces = chosen.map(({ document, at, text, score }) => ({
        collection: document.collection ?? ('documentation' as const),
        source: document.source,
        lines: [at + 1, at + text.split('\n').length] as [number, number],
        hash: hash(text),
        trust: document.trust ?? ('known' as const),
        score,
        why: `shares ${score} words`,
        text,
        tokens: countOwn(text),
      }));
      const tokens = pieces.reduce((sum, piece) => sum + piece.tokens, 0);
      void budget;
      return { pieces, tokens, hash: hash(pieces.map((p) => p.hash).join()), explanation: [] };
    },
    close: () => undefined,
  };
}

export const noContext: ContextSource = {
  context: async () => ({ missing: 'no librarian is running' }),
  close: () => undefined,
};

export interface Stage {
  readonly bus: Bus;
  /** Starts a worker; it is stopped with the stage. */
  worker(
    llm: LlmSettings,
    options?: {
      master?: string;
      context?: ContextSource;
      name?: string;
      concurrency?: number;
      keeper?: RunLlmOptions['keeper'];
    },
  ): Promise<RunningWorker>;
  /** Publishes a task for a master and waits for its outcome. */
  done(task: TaskInput & { id: string }, limitMs?: number): Promise<Outcome>;
  submit(task: TaskInput & { id: string }): Promise<void>;
  outcome(id: string, limitMs?: number): Promise<Outcome>;
  close(): Promise<void>;
}

export async function startStage(suite: Suite, masters: readonly string[] = ['development']): Promise<Stage> {
  const bus = await suite.connect({ name: 'stage' });
  const actor: RunningActor = await runActor(coordinatorActor({}), await suite.connect({ name: 'coordinator' }), {
    log: silentLogger,
  });
  const registry = await openMasters(bus);
  for (const name of masters)
    await registry.put({
      name,
      description: `work of ${name}`,
      patterns: name === 'development' ? ['upload service', 'attachment of a ticket'] : [],
    });
  const workers: RunningWorker[] = [];
  const submit = async (task: TaskInput & { id: string }) =>
    void (await publish(
      bus,
      bus.subjects.submit,
      { master: masters[0], ...task },
      { type: EVENT_TYPES.taskSubmit, id: task.id },
    ));
  const log = taskLog(bus);
  const outcome = async (id: string, limitMs = 25_000) =>
    until(
      `the outcome of ${id}`,
      async () => {
        const last = await log.last(id);
        return last?.record.step === 'settled' ? last.record.outcome : undefined;
      },
      limitMs,
    );
  return {
    bus,
    submit,
    outcome,
    async worker(llm, options = {}) {
      const running = await runLlmWorker({
        master: options.master ?? masters[0] ?? 'development',
        bus: await suite.connect({ name: 'worker' }),
        log: silentLogger,
        pollMinMs: 100,
        llm,
        ...(options.context ? { context: options.context } : {}),
        ...(options.name ? { name: options.name } : {}),
        ...(options.concurrency ? { concurrency: options.concurrency } : {}),
        ...(options.keeper ? { keeper: options.keeper } : {}),
      });
      workers.push(running);
      return running;
    },
    async done(task, limitMs) {
      await submit(task);
      return outcome(task.id, limitMs);
    },
    async close() {
      await Promise.all(workers.map((one) => one.stop(200)));
      await registry.close();
      await actor.drain(500);
    },
  };
}
