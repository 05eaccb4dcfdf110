// Context from the librarian. When nobody serves it, or it is late, the worker goes on without: counted, logged, shown in the outcome.
import { type Asker, type Bus, createAsker, type Presence, watchPresence } from '@cortex/bus';
import { type ContextAnswer, contextAnswerSchema } from '@cortex/schemas';

export interface ContextSource {
  /** Undefined with the reason in `missing` when there is none. */
  context(task: ContextTask, budgetTokens: number, waitMs: number): Promise<ContextAnswer | { missing: string }>;
  close(): void;
}

export interface ContextTask {
  readonly id: string;
  readonly text: string;
  readonly type: string;
  readonly title?: string;
  readonly repository?: string;
}

export function librarianContext(bus: Bus): ContextSource {
  const presence: Presence = watchPresence(bus);
  const asker: Asker = createAsker(bus, presence);
  return {
    async context(task, budgetTokens, waitMs) {
      await presence.settled;
      try {
        const question = { kind: 'context', task, budget_tokens: budgetTokens };
        return await asker.ask('librarian', question, contextAnswerSchema, Date.now() + waitMs);
      } catch (error) {
        return { missing: (error as Error).message };
      }
    },
    close() {
      asker.close();
      presence.close();
    },
  };
}
