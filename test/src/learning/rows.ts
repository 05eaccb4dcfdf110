// What the log teaches a router so far, as the trainer collects it.
import { collectRows, lastOfLog } from '@cortex/actor-trainer';
import type { Bus } from '@cortex/bus';
import type { TrainingRow } from '@cortex/models';

export async function learntRows(bus: Bus): Promise<TrainingRow[]> {
  const { routing, refused } = await collectRows(bus, await lastOfLog(bus));
  return [...routing, ...refused];
}
