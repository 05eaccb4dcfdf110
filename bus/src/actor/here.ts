// The actors of this process: whoever answers for its readiness asks here.
import type { MonitoredPart } from '../telemetry/monitor.js';
import type { ActorState } from './runtime.js';

interface Here {
  readonly name: string;
  state(): ActorState;
  detail(): string | undefined;
  connected(): boolean;
}

const here = new Set<Here>();

/** Counts an actor in until the returned function is called. */
export function enlist(actor: Here): () => void {
  here.add(actor);
  return () => void here.delete(actor);
}

/** How each of them is; one whose bus is away is not ready, whatever it believes. */
export function actorsHere(): MonitoredPart[] {
  return [...here].map(({ name, state, detail, connected }) =>
    connected() ? { name, state: state(), detail: detail() } : { name, state: 'cut off', detail: 'the bus is away' },
  );
}
