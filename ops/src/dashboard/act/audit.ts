// The audit trail: whatever somebody does here is published on `actions.<kind>` with who, what, before and after.
import { randomUUID } from 'node:crypto';
import { type Bus, publishAction } from '@cortex/bus';
import type { Action } from '@cortex/schemas';

export type Deed = Omit<Action, 'id' | 'at'> & { readonly kind: string; readonly by: string };

/** Publishes what was done. Throws what publishing throws. */
export async function audit(bus: Bus, deed: Deed): Promise<Action> {
  const action: Action = { id: `act-${randomUUID()}`, at: new Date().toISOString(), ...deed };
  await publishAction(bus, action);
  return action;
}
