// The registry of prompts in a KV bucket: versions are written once and never changed, labels move by compare-and-set. Whoever runs prompts
// reads the head at each task, so a change counts from the next task on.
import { createHash } from 'node:crypto';
import {
  checkMessage,
  decodeMessage,
  encodeMessage,
  type PromptBody,
  type PromptHead,
  type PromptInput,
  type PromptTrial,
  type PromptVersion,
  promptHeadSchema,
  promptNameSchema,
  promptSchema,
  promptTrialSchema,
  promptVersionSchema,
} from '@cortex/schemas';
import type { KV } from '@nats-io/kv';
import type { Bus } from '../connection/connect.js';
import { openBucket } from './bucket.js';

export interface PromptRegistry {
  /** All heads, by name. */
  list(): Promise<PromptHead[]>;
  head(name: string): Promise<PromptHead | undefined>;
  /** Throws {@link UnknownPrompt}. */
  version(name: string, version: number): Promise<PromptVersion>;
  versions(name: string): Promise<PromptVersion[]>;
  /** Writes the next version; the same content as the latest is that version. The first of a name goes into production. */
  add(prompt: PromptInput, by: string): Promise<PromptVersion>;
  /** Moves a label. Throws {@link UnknownPrompt}. */
  assign(name: string, change: PromptAssignment): Promise<PromptHead>;
  trial(name: string): Promise<StoredTrial | undefined>;
  /** Writes the trial if nobody else did since it was read. False: read again. */
  saveTrial(trial: PromptTrial, revision: number | undefined): Promise<boolean>;
}

export interface StoredTrial {
  readonly trial: PromptTrial;
  readonly revision: number;
}

export type PromptAssignment = {
  readonly by: string;
  readonly reason?: string;
  /** Only when this version is on trial; null: only when none is. Else {@link PromptMoved}. */
  readonly ifCandidate?: number | null;
} & (
  | { readonly label: 'production'; readonly version: number; readonly event?: 'production' | 'promoted' }
  | { readonly label: 'candidate'; readonly version: number; readonly share: number }
  | { readonly label: 'none'; readonly event?: 'withdrawn' | 'rolled-back' }
);

/** Thrown for a prompt or version that is not in the registry. */
export class UnknownPrompt extends Error {
  override readonly name = 'UnknownPrompt';
  constructor(
    readonly prompt: string,
    readonly known: string,
  ) {
    super(`there is no prompt ${prompt}; ${known}`);
  }
}

/** Thrown when the labels changed meanwhile: look again. */
export class PromptMoved extends Error {
  override readonly name = 'PromptMoved';
  constructor(readonly prompt: string) {
    super(`the labels of ${prompt} were changed by somebody else meanwhile: look again`);
  }
}

const HISTORY = 100;

/** Throws NotProvisioned without its bucket. */
export async function openPrompts(bus: Bus): Promise<PromptRegistry> {
  const kv = await openBucket(bus, 'prompts');
  const headKey = (name: string) => `${checkMessage('prompt', promptNameSchema, name)}.head`;
  const versionKey = (name: string, version: number) =>
    `${checkMessage('prompt', promptNameSchema, name)}.v${Math.trunc(version)}`;
  const trialKey = (name: string) => `${name}.trial`;
  const read = async (name: string) => {
    const entry = await kv.get(headKey(name));
    if (entry?.operation !== 'PUT') return undefined;
    return { head: decodeMessage('prompt head', promptHeadSchema, entry.value), revision: entry.revision };
  };
  const list = async () => {
    const names = new Set<string>();
    for await (const key of await kv.keys('*.head')) names.add(key.slice(0, -'.head'.length));
    const heads: PromptHead[] = [];
    for (const name of [...names].sort()) {
      const found = await read(name).catch(() => undefined);
      if (found) heads.push(found.head);
    }
    return heads;
  };
  const version = async (name: string, number: number) => {
    const entry = await kv.get(versionKey(name, number));
    if (entry?.operation === 'PUT') return decodeMessage('prompt', promptVersionSchema, entry.value);
    const found = await read(name);
    if (found) throw new UnknownPrompt(`${name}@${number}`, `its latest version is ${found.head.latest}`);
    throw new UnknownPrompt(name, `known: ${(await list()).map((head) => head.name).join(', ') || 'none'}`);
  };
  /** Changes a head until nobody is in between. */
  const change = async (name: string, edit: (head: PromptHead) => PromptHead): Promise<PromptHead> => {
    for (;;) {
      const found = await read(name);
      if (!found) throw new UnknownPrompt(name, `known: ${(await list()).map((h) => h.name).join(', ') || 'none'}`);
      const next = checkMessage('prompt head', promptHeadSchema, edit(found.head));
      if (await putIf(kv, headKey(name), next, found.revision)) return next;
    }
  };
  return {
    list,
    head: async (name) => (await read(name))?.head,
    version,
    async versions(name) {
      const found = await read(name);
      if (!found) throw new UnknownPrompt(name, `known: ${(await list()).map((h) => h.name).join(', ') || 'none'}`);
      const all: PromptVersion[] = [];
      for (let n = 1; n <= found.head.latest; n++) all.push(await version(name, n));
      return all;
    },
    async add(input, by) {
      const body = checkMessage('prompt', promptSchema, input);
      const sha256 = contentHash(body);
      for (;;) {
        const found = await read(body.name);
        const latest = found ? await version(body.name, found.head.latest) : undefined;
        if (latest?.sha256 === sha256) return latest;
        const at = new Date().toISOString();
        const next: PromptVersion = {
          ...body,
          version: (found?.head.latest ?? 0) + 1,
          by,
          at,
          sha256,
          ...(latest ? { parent: found?.head.production ?? latest.version } : {}),
        };
        // The version first: a head never names one that is not there.
        if (!(await putIf(kv, versionKey(body.name, next.version), next, undefined))) {
          // Somebody else wrote it, and is about to tell the head or died before.
          const taken = await version(body.name, next.version);
          await advance(taken);
          if (taken.sha256 === sha256) return taken;
          continue;
        }
        await advance(next);
        return next;
      }
    },
    assign: async (name, wish) => {
      if (wish.label !== 'none') await version(name, wish.version);
      return change(name, (head) => relabel(head, wish));
    },
    async trial(name) {
      const entry = await kv.get(trialKey(name));
      if (entry?.operation !== 'PUT') return undefined;
      return { trial: decodeMessage('prompt trial', promptTrialSchema, entry.value), revision: entry.revision };
    },
    saveTrial: (trial, revision) => putIf(kv, trialKey(trial.prompt), trial, revision),
  };

  /** The head learns of a version; a new name serves its first one. */
  async function advance(made: PromptVersion): Promise<void> {
    for (;;) {
      const found = await read(made.name);
      if (found && found.head.latest >= made.version) return;
      const event = { at: made.at, by: made.by, event: 'added', version: made.version, reason: made.changelog };
      const next: PromptHead = found
        ? {
            ...found.head,
            latest: made.version,
            task_types: made.task_types,
            history: [...found.head.history, event].slice(-HISTORY),
          }
        : {
            name: made.name,
            latest: made.version,
            task_types: made.task_types,
            production: made.version,
            history: [event, { ...event, event: 'production', reason: 'the first version' }],
          };
      if (await putIf(kv, headKey(made.name), next, found?.revision)) return;
    }
  }
}

function relabel(head: PromptHead, wish: PromptAssignment): PromptHead {
  if (wish.ifCandidate !== undefined && (head.candidate?.version ?? null) !== wish.ifCandidate)
    throw new PromptMoved(head.name);
  const at = new Date().toISOString();
  const version = wish.label === 'none' ? (head.candidate?.version ?? head.latest) : wish.version;
  const name =
    wish.label === 'none'
      ? (wish.event ?? 'withdrawn')
      : wish.label === 'production'
        ? (wish.event ?? 'production')
        : 'candidate';
  const event = { at, by: wish.by, event: name, version, ...(wish.reason ? { reason: wish.reason } : {}) };
  const history = [...head.history, event].slice(-HISTORY);
  const { candidate, ...rest } = head;
  switch (wish.label) {
    case 'production':
      // What was on trial against the old production has to be tried anew against the new one.
      return { ...rest, production: wish.version, history };
    case 'candidate':
      return { ...rest, candidate: { version: wish.version, share: wish.share, since: at }, history };
    case 'none':
      return candidate ? { ...rest, history } : head;
  }
}

/** Everything but the words about the change. */
function contentHash(prompt: PromptBody): string {
  const { changelog: _, ...content } = prompt;
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

/** Writes if the key's revision is still this one (undefined: it does not exist). */
export async function putIf(kv: KV, key: string, value: unknown, revision: number | undefined): Promise<boolean> {
  try {
    if (revision === undefined) await kv.create(key, encodeMessage(value));
    else await kv.update(key, encodeMessage(value), revision);
    return true;
  } catch (error) {
    if (/wrong last sequence/.test(String(error))) return false;
    throw error;
  }
}
