// The models page: versions and aliases from the registry, the trial from the deployer, calibration and confusion from the tasks in view.
import { type Aliases, type ModelRegistry, type ModelVersion, NotProvisioned, previousChampion } from '@cortex/bus';
import { usesOf } from '../../cli/commands/models.js';
import { openRegistry } from '../../train/registry.js';
import { calibration } from '../masters/report.js';
import type { FamilyReport, ModelsAnswer, TaskRow, VersionRow } from '../wire.js';
import type { World } from '../world.js';

const MOST_VERSIONS = 60;
const MOST_HISTORY = 40;
const MOST_MASTERS = 24;

export async function modelsAnswer(world: World): Promise<ModelsAnswer> {
  const seen = { calibration: byArm(world.tasks.rows()), confusion: confusion(world.tasks.rows()) };
  let registry: ModelRegistry;
  try {
    registry = await openRegistry(world.bus);
  } catch (error) {
    if (!(error instanceof NotProvisioned)) throw error;
    return { absent: 'This bus has no registry of models.', families: [], ...seen };
  }
  const names = [...new Set([...(await registry.families()), ...world.trials.families()])].sort();
  const families = await Promise.all(names.map((family) => familyReport(world, registry, family)));
  return { absent: null, families: families.filter((one) => one.versions.length > 0 || one.trial !== null), ...seen };
}

async function familyReport(world: World, registry: ModelRegistry, family: string): Promise<FamilyReport> {
  const [versions, aliases] = await Promise.all([registry.list(family), registry.aliases(family)]);
  return {
    family,
    champion: aliases.champion ?? null,
    challenger: aliases.challenger ?? null,
    shadow: aliases.shadow ?? null,
    share: aliases.share,
    frozen: aliases.frozen === true,
    previous: previousChampion(aliases) ?? null,
    versions: versions
      .slice(-MOST_VERSIONS)
      .reverse()
      .map((version) => versionRow(version, aliases)),
    history: [...aliases.history]
      .reverse()
      .slice(0, MOST_HISTORY)
      .map(({ at, event, by, reason, after }) => ({
        at,
        event,
        by,
        reason,
        version: after.challenger ?? after.shadow ?? after.champion ?? null,
      })),
    trial: world.trials.of(family),
  };
}

function versionRow(version: ModelVersion, aliases: Aliases): VersionRow {
  return {
    name: version.name,
    created_at: version.created_at,
    by: version.by,
    rows: version.data?.rows ?? null,
    bytes: version.files.reduce((sum, file) => sum + file.bytes, 0),
    parent: version.parent ?? null,
    metrics: version.metrics,
    curves: version.curves ?? {},
    uses: usesOf(version.name, aliases),
    hardware: version.hardware ?? null,
    key_id: version.key_id,
  };
}

function byArm(rows: Iterable<TaskRow>): ModelsAnswer['calibration'] {
  const arms = new Map<string, TaskRow[]>();
  for (const row of rows) {
    if (row.arm === '') continue;
    const mine = arms.get(row.arm);
    if (mine) mine.push(row);
    else arms.set(row.arm, [row]);
  }
  return Object.fromEntries([...arms].map(([arm, mine]) => [arm, calibration(mine)]));
}

/** Decided for (row) against where it belonged (column), where a person or an outcome said so. */
export function confusion(rows: Iterable<TaskRow>): ModelsAnswer['confusion'] {
  const pairs = new Map<string, number>();
  const seen = new Map<string, number>();
  for (const row of rows) {
    const right = row.corrected ?? (row.success === true ? row.master : null);
    if (right === null || row.master === '') continue;
    const key = JSON.stringify([row.master, right]);
    pairs.set(key, (pairs.get(key) ?? 0) + 1);
    for (const name of [row.master, right]) seen.set(name, (seen.get(name) ?? 0) + 1);
  }
  const masters = [...seen]
    .sort(([, a], [, b]) => b - a)
    .slice(0, MOST_MASTERS)
    .map(([name]) => name)
    .sort();
  return { masters, counts: masters.map((a) => masters.map((b) => pairs.get(JSON.stringify([a, b])) ?? 0)) };
}
