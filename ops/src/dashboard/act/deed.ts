// What every action is made of: a schema of its input, the work, and the words for the audit trail. Its name is also the
// kind of its record: `actions.<name>`.
import { InvalidMessage } from '@cortex/schemas';
import type { z } from 'zod';
import { CliFailure } from '../../cli/failures.js';
import type { World } from '../world.js';
import { Refusal } from './refusal.js';

export interface Done {
  /** One line for whoever did it. */
  readonly said: string;
  readonly target: string;
  readonly before?: unknown;
  readonly after?: unknown;
  readonly reason?: string;
  /** Id of the action this one takes back. */
  readonly undoes?: string;
  /** True when whoever did the work wrote the audit record itself. */
  readonly audited?: boolean;
}

export type Deed = (world: World, input: unknown, by: string) => Promise<Done>;
export type Deeds = Readonly<Record<string, Deed>>;

/** A checked action. Throws {@link Refusal} for input that does not fit. */
export function deed<S extends z.ZodType>(
  schema: S,
  work: (world: World, input: z.infer<S>, by: string) => Promise<Done>,
): Deed {
  return async (world, input, by) => {
    const checked = schema.safeParse(input);
    if (!checked.success) {
      const [issue] = checked.error.issues;
      throw new Refusal(400, `${issue?.path.join('.') || 'the request'}: ${issue?.message ?? 'does not fit'}`);
    }
    if (world.bus.state() !== 'connected')
      throw new Refusal(503, 'the bus is away: nothing was done, try again when it is back');
    try {
      return await work(world, checked.data, by);
    } catch (error) {
      if (error instanceof CliFailure) throw new Refusal(409, error.message);
      if (error instanceof InvalidMessage) throw new Refusal(400, error.message);
      throw error;
    }
  };
}
