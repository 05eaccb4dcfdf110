// What `up` knows of a group of actors, however they run: it can be asked how they are and told to stop.
import type { ActorState, Logger } from '@cortex/bus';
import type { BusAddress } from '../cli/options.js';

export interface Member {
  readonly actor: string;
  /** 1, 2 … among the replicas of one actor. */
  readonly number: number;
  readonly state: ActorState;
  readonly detail?: string;
  readonly pid?: number;
  /** `host:port` where the metrics of its process are, when it has one of its own. */
  readonly monitor?: string;
}

export interface Group {
  members(): Member[];
  /** Takes nothing new, finishes what is there, stops. */
  drain(): Promise<void>;
  /** Ends at once. */
  kill(): void;
}

export interface GroupOptions {
  readonly address: BusAddress;
  readonly encoder: string | undefined;
  readonly logger: (actor: string, instance: string) => Logger;
  /** One line about something a person should know. */
  readonly say: (line: string) => void;
}
