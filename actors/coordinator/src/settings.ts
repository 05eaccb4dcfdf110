// Settings of the coordinator. Each has a default, a unit and an effect; `coordinator.*` keys of the live settings override some of them.
import { z } from 'zod';

const weight = z.number().min(0).default(0);
export const weightsSchema = z.object({
  success: weight,
  time: weight,
  tokens: weight,
  cost: weight,
  load: weight,
  priority: weight,
});

/** Public nkeys (`U…`) whose claims count; live key `coordinator.outcome_signers`. Not set: everybody's who may publish them. */
export const signersSchema = z.array(z.string()).min(1);

export const settingsSchema = z.strictObject({
  /** Tasks handled at once by one coordinator. More hides the router's latency, fewer bounds memory. */
  concurrency: z.number().int().min(1).max(4_096).default(64),
  /** Milliseconds the router may think before the coordinator decides by its own rules. */
  askTimeoutMs: z.number().int().min(10).max(60_000).default(1_500),
  /** Milliseconds the predictor may think; without its answer a decision carries no prediction. */
  predictTimeoutMs: z.number().int().min(0).max(60_000).default(300),
  /**
   * What a certain success, an hour, 100,000 tokens are worth against certain route odds (see `chooseByUtility`). All zero: the master with
   * the highest odds. Live key `coordinator.weights`.
   */
  weights: weightsSchema.prefault({}),
  /** What happens to a task the router is unsure of: a person is asked, or the best master gets it. Live key `coordinator.unsure`. */
  unsure: z.enum(['review', 'best']).default('review'),
  /**
   * Share of the tasks whose master is drawn from the candidates of the conformal set, so that policies can be compared later on what
   * others would have done. Never a critical task. 0 to 0.5. Live key `coordinator.explore`.
   */
  explore: z.number().min(0).max(0.5).default(0),
  /** Milliseconds between two purges of what every consumer has worked off. */
  upkeepMs: z.number().int().min(100).default(30_000),
  /** How long, in milliseconds, a claim about an unknown task waits for that task before it is a dead letter. */
  unknownTaskMs: z.number().int().min(0).default(60_000),
  /** Separates tenants that share one system: the same id in two tenants is two tasks. */
  tenant: z.string().default(''),
});
export type CoordinatorSettings = z.infer<typeof settingsSchema>;
