// The model registry: versions in the object store with signed manifests in KV, and aliases that are changed by compare-and-set.
import { type Action, checkMessage, decodeMessage, EVENT_TYPES, modelVersionSchema } from '@cortex/schemas';
import { JetStreamApiError } from '@nats-io/jetstream';
import { publishAction } from '../audit/audit.js';
import type { Bus } from '../connection/connect.js';
import { RevisionConflict } from '../errors.js';
import { publish as publishMessage } from '../publish/publish.js';
import { openBucket } from '../registry/bucket.js';
import { applyEdit, eventOf, HISTORY, noAliases, previousChampion, stateOf } from './alias-rules.js';
import {
  BadAlias,
  ModelFolderRefused,
  ModelTampered,
  NoModelKeys,
  NothingToRollBack,
  UnknownModel,
  UntrustedSigner,
} from './errors.js';
import { holds, readModelFolder, writeModelFolder } from './folder.js';
import { openSigner, trustedKeys, verified } from './keys.js';
import { digestOf, FAMILY, parseName, pathFault, signedBytes } from './manifest.js';
import { modelObjects } from './objects.js';
import type { AliasChange, Aliases, ModelRegistry, ModelRegistryOptions, ModelVersion } from './types.js';
import { watchAliases } from './watch-aliases.js';

const CONFLICTS = new Set([10071, 10164]);
const MAX_BYTES = 2 * 1024 ** 3;

/** Opens the registry. Throws {@link NotProvisioned} without its bucket. */
export async function openModelRegistry(bus: Bus, options: ModelRegistryOptions = {}): Promise<ModelRegistry> {
  const kv = await openBucket(bus, 'models');
  const maxBytes = options.maxBytes ?? MAX_BYTES;
  const objects = modelObjects(bus, async () => (await kv.status()).replicas);

  const show: ModelRegistry['show'] = async (name) => {
    const parts = parseName(name);
    const entry = parts && (await kv.get(versionKey(parts.family, parts.version)));
    return entry?.operation === 'PUT' ? decodeVersion(name, entry.value) : undefined;
  };
  const versionsOf = async (family?: string): Promise<ModelVersion[]> => {
    const keys: string[] = [];
    for await (const key of await kv.keys(`version.${family ?? '*'}.*`)) keys.push(key);
    const found = await Promise.all(keys.map((key) => show(key.replace(/^version\.([^.]+)\.(\d+)$/, '$1@$2'))));
    return found
      .filter((version) => version !== undefined)
      .sort((a, b) => (a.family === b.family ? a.version - b.version : a.family < b.family ? -1 : 1));
  };
  const known = async (family: string) => (await versionsOf(family)).map(({ name }) => name);
  const mustShow = async (name: string): Promise<ModelVersion> => {
    const version = await show(name);
    if (!version) throw new UnknownModel(name, await known(parseName(name)?.family ?? '*'));
    return version;
  };
  const aliases: ModelRegistry['aliases'] = async (family) => {
    mustBeFamily(family);
    const entry = await kv.get(aliasKey(family));
    if (entry?.operation !== 'PUT') return { ...noAliases(family), revision: entry?.revision ?? 0 };
    return { ...noAliases(family), ...entry.json<Aliases>(), revision: entry.revision };
  };

  const setAliases: ModelRegistry['setAliases'] = async (family, edit, facts) => {
    const now = await aliases(family);
    if (facts.expectedRevision !== undefined && facts.expectedRevision !== now.revision)
      throw new RevisionConflict(`the aliases of ${family}`);
    const after = applyEdit(now, edit);
    for (const name of [after.champion, after.challenger, after.shadow]) if (name !== undefined) await mustShow(name);
    const before = stateOf(now);
    const change: AliasChange = {
      event: facts.event ?? eventOf(before, after, previousChampion(now)),
      by: facts.by,
      at: new Date().toISOString(),
      reason: facts.reason,
      ...(facts.evidence === undefined ? {} : { evidence: facts.evidence }),
      before,
      after,
    };
    const stored = { ...after, history: [...now.history, change].slice(-HISTORY) };
    const revision = await compareAndSet(`the aliases of ${family}`, () =>
      now.revision === 0
        ? kv.create(aliasKey(family), JSON.stringify(stored))
        : kv.update(aliasKey(family), JSON.stringify(stored), now.revision),
    );
    await tell(bus, family, change, revision);
    return { ...noAliases(family), ...stored, revision };
  };

  return {
    show,
    aliases,
    setAliases,
    list: (family) => versionsOf(family),
    async families() {
      const found = new Set<string>();
      for (const filter of ['version.*.*', 'aliases.*'])
        for await (const key of await kv.keys(filter)) found.add(key.split('.')[1] ?? '');
      return [...found].sort();
    },

    async publish(family, folder, facts) {
      mustBeFamily(family);
      const keys = needKeys(options);
      const signer = await openSigner(keys);
      const files = await readModelFolder(folder, maxBytes);
      const digest = digestOf(files);
      const { announce = true, ...told } = facts;
      // Also for files that should be there: publishing again mends a store that lost some.
      for (const file of files) await objects.put(folder, file);
      for (;;) {
        const versions = await versionsOf(family);
        const same = versions.find((version) => version.digest === digest);
        if (same) return same;
        const number = (versions.at(-1)?.version ?? 0) + 1;
        const unsigned = {
          ...told,
          metrics: told.metrics ?? {},
          family,
          version: number,
          name: `${family}@${number}`,
          digest,
          files,
          created_at: new Date().toISOString(),
          key_id: signer.keyId,
        };
        const version = checkMessage('model', modelVersionSchema, {
          ...unsigned,
          signature: signer.sign(signedBytes(unsigned)),
        });
        try {
          await kv.create(versionKey(family, number), JSON.stringify(version));
        } catch (error) {
          if (isConflict(error)) continue;
          throw error;
        }
        if (announce)
          await publishMessage(
            bus,
            bus.subjects.model(family, 'trained'),
            {
              family,
              event: 'trained',
              version: version.name,
              at: version.created_at,
              by: version.by,
              digest,
              metrics: version.metrics,
            },
            { type: EVENT_TYPES.model, id: `model-${version.name}-${digest.slice(0, 16)}` },
          );
        return version;
      }
    },

    async rollback(family, facts) {
      const now = await aliases(family);
      const earlier = previousChampion(now);
      const onTrial = now.challenger !== undefined || now.shadow !== undefined;
      if (now.champion === undefined && !onTrial) throw new NothingToRollBack(family);
      const trialOver = { challenger: null, shadow: null, share: 0 };
      const edit =
        earlier !== undefined ? { champion: earlier, ...trialOver } : onTrial ? trialOver : { champion: null };
      return setAliases(family, edit, { event: 'rolled-back', expectedRevision: now.revision, ...facts });
    },

    watch(family, listener) {
      mustBeFamily(family);
      return watchAliases(bus, family, aliasKey(family), listener);
    },

    async fetch(name, into) {
      const version = await mustShow(name);
      await mustBeTrusted(version, needKeys(options));
      const total = version.files.reduce((sum, { bytes }) => sum + bytes, 0);
      if (total > maxBytes)
        throw new ModelFolderRefused(
          name,
          `it has ${total.toLocaleString('en-US')} bytes, ${maxBytes.toLocaleString('en-US')} are allowed`,
        );
      for (const { path } of version.files) {
        const fault = pathFault(path);
        if (fault) throw new ModelTampered(name, `the path ${JSON.stringify(path)} ${fault}`);
      }
      if (!(await holds(into, version))) await writeModelFolder(into, version, (file) => objects.get(name, file));
      return into;
    },
  };
}

/** Throws {@link ModelTampered} or {@link UntrustedSigner}. */
async function mustBeTrusted(version: ModelVersion, keys: string): Promise<void> {
  const key = (await trustedKeys(keys)).get(version.key_id);
  if (!key) throw new UntrustedSigner(version.name, version.key_id, version.by, `${keys}/trusted`);
  if (!verified(key, signedBytes(version), version.signature))
    throw new ModelTampered(version.name, 'its manifest was changed after it was signed');
  if (digestOf(version.files) !== version.digest)
    throw new ModelTampered(version.name, 'its digest is not that of its files');
}

/** The event for whoever runs or judges models, and the record of who did it. */
async function tell(bus: Bus, family: string, change: AliasChange, revision: number): Promise<void> {
  const { event, by, at, reason, evidence, before, after } = change;
  const version = after.challenger ?? after.shadow ?? after.champion;
  const moved = event === 'promoted' || event === 'rolled-back' ? after.champion : version;
  const shared = { by, at, reason, before, after, ...(evidence === undefined ? {} : { evidence }) };
  const id = `aliases-${family}-${revision}`;
  await publishMessage(
    bus,
    bus.subjects.model(family, event),
    { family, event, ...(moved === undefined ? {} : { version: moved }), revision, ...shared },
    { type: EVENT_TYPES.model, id },
  );
  const kind = event === 'promoted' ? 'promote' : event === 'rolled-back' ? 'roll-back' : `model-${event}`;
  const grounds = evidence === undefined || evidence === null ? {} : { evidence: Object(evidence) as object };
  await publishAction(bus, { id, kind, target: family, by, at, reason, before, after, ...grounds } as Action);
}

/** What was stored under a version's key; the name it carries must be the one it is stored under. */
function decodeVersion(name: string, value: Uint8Array): ModelVersion {
  let version: ModelVersion;
  try {
    version = decodeMessage('model', modelVersionSchema, value) as ModelVersion;
  } catch (error) {
    throw new ModelTampered(
      name,
      `its manifest cannot be read (${error instanceof Error ? error.message : String(error)})`,
    );
  }
  if (version.name !== name || `${version.family}@${version.version}` !== name)
    throw new ModelTampered(name, `its manifest is that of ${version.name}`);
  return version;
}

async function compareAndSet(what: string, write: () => Promise<number>): Promise<number> {
  try {
    return await write();
  } catch (error) {
    throw isConflict(error) ? new RevisionConflict(what) : error;
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof JetStreamApiError && CONFLICTS.has(error.code);
}

function needKeys({ keys }: ModelRegistryOptions): string {
  if (keys === undefined) throw new NoModelKeys('models are signed and checked: name the folder of keys (CORTEX_KEYS)');
  return keys;
}

function mustBeFamily(family: string): void {
  if (!FAMILY.test(family))
    throw new BadAlias(`family: "${family}" is none: small letters, digits and "-", such as router`);
}

const versionKey = (family: string, version: number) => `version.${family}.${version}`;
const aliasKey = (family: string) => `aliases.${family}`;
