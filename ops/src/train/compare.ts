// What differs between two versions of a model. Pure.
import type { ModelVersion } from '@cortex/bus';

export interface VersionDiff {
  readonly a: string;
  readonly b: string;
  readonly metrics: Record<string, { a: number | null; b: number | null; difference: number | null }>;
  /** Facts that differ: data, code, seed, hardware, parent … */
  readonly facts: Record<string, { a: unknown; b: unknown }>;
  readonly files: {
    readonly same: string[];
    readonly changed: string[];
    readonly only_a: string[];
    readonly only_b: string[];
  };
}

const FACTS = ['data', 'code', 'seed', 'hardware', 'parent', 'by', 'created_at', 'key_id'] as const;

export function compareVersions(a: ModelVersion, b: ModelVersion): VersionDiff {
  const metrics: VersionDiff['metrics'] = {};
  for (const name of [...new Set([...Object.keys(a.metrics), ...Object.keys(b.metrics)])].sort()) {
    const [left, right] = [a.metrics[name] ?? null, b.metrics[name] ?? null];
    metrics[name] = { a: left, b: right, difference: left === null || right === null ? null : right - left };
  }
  const facts: VersionDiff['facts'] = {};
  for (const fact of FACTS)
    if (JSON.stringify(a[fact]) !== JSON.stringify(b[fact])) facts[fact] = { a: a[fact] ?? null, b: b[fact] ?? null };
  const left = new Map(a.files.map((file) => [file.path, file.sha256]));
  const right = new Map(b.files.map((file) => [file.path, file.sha256]));
  const both = [...left.keys()].filter((path) => right.has(path));
  return {
    a: a.name,
    b: b.name,
    metrics,
    facts,
    files: {
      same: both.filter((path) => left.get(path) === right.get(path)),
      changed: both.filter((path) => left.get(path) !== right.get(path)),
      only_a: [...left.keys()].filter((path) => !right.has(path)),
      only_b: [...right.keys()].filter((path) => !left.has(path)),
    },
  };
}
