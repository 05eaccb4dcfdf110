// What a router is built from: the masters as the registry describes them, and nothing that does not matter to a model.
import { createHash } from 'node:crypto';
import type { MasterProfile } from '@cortex/models';
import type { Master } from '@cortex/schemas';

/** With or without the encoder: the first is ready in a moment, the second knows meaning. */
export type Phase = 'words' | 'full';

/** Sent to the build process. Folders are absolute. */
export interface BuildOrder {
  readonly phase: Phase;
  readonly masters: MasterProfile[];
  /** The encoder's folder; only for `full`. */
  readonly encoder?: string;
  /** Where vectors are kept, shared by all processes of the machine. */
  readonly vectors: string;
  /** Where the model is to lie; it appears whole or not at all. */
  readonly out: string;
  /** Where it is written before it is whole. */
  readonly aside: string;
}

export type BuildNews =
  | { readonly kind: 'reading'; readonly share: number }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly error: string };

/** Raised when what is built from the same masters changes. */
const GENERATION = 1;

/** Paused masters are part of it: their tasks shall not look like somebody else's, and resuming one costs nothing. */
export function profilesOf(masters: readonly Master[]): MasterProfile[] {
  return [...masters]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, description, examples, keywords, patterns, aliases }) => ({
      name,
      description,
      examples,
      keywords,
      patterns,
      aliases,
    }));
}

/** The same for the same masters and encoder: name of the folder that holds what is built from them. */
export function buildIdentity(masters: readonly MasterProfile[], phase: Phase, encoderId: string): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([GENERATION, masters, phase === 'full' ? encoderId : '']))
    .digest('hex')
    .slice(0, 24);
  return `${phase}-${digest}`;
}

export function exampleCount(masters: readonly MasterProfile[]): number {
  return masters.reduce((sum, master) => sum + (master.examples?.length ?? 0), 0);
}
