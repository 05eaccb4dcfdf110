// What is said on the bus of a training at its end.
import { publish } from '@cortex/bus';
import { EVENT_TYPES, type TrainJob } from '@cortex/schemas';
import type { TrainedFamily } from '../family/families.js';
import type { Performed } from './perform.js';
import type { Workshop } from './workshop.js';

/** The event `trained` with the data report: a deployer tries the version out. */
export function tellTrained(
  shop: Pick<Workshop, 'bus'>,
  job: TrainJob,
  family: TrainedFamily,
  { version, facts, rows }: Performed,
): Promise<void> {
  return tell(shop, family, 'trained', version, {
    version,
    reason: job.reason,
    job: job.id,
    requested_by: job.requested_by,
    metrics: facts.metrics,
    report: { ...rows.report, left_out: rows.left_out },
    fingerprint: facts.fingerprint,
    seed: facts.seed,
    code: facts.code,
    hardware: facts.hardware,
    ...(facts.backend ? { backend: facts.backend } : {}),
  });
}

/** @param id what the event is about: the same one is stored once. */
export async function tell(
  { bus }: Pick<Workshop, 'bus'>,
  family: string,
  name: string,
  id: string,
  fields: object,
): Promise<void> {
  await publish(
    bus,
    bus.subjects.model(family, name),
    { family, event: name, at: new Date().toISOString(), by: bus.instance, ...fields },
    { type: EVENT_TYPES.model, id: `${name}-${id}` },
  );
}
