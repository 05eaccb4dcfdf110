// The canonical form of a manifest, what is hashed and signed of it, and whether what came over the wire is one. Pure.
import { createHash } from 'node:crypto';
import type { ModelFile, ModelVersion } from './types.js';

/** A family is one plain token: it is part of subjects, keys and folder names. */
export const FAMILY = /^[a-z][a-z0-9-]{0,40}$/;
const NAME = /^([a-z][a-z0-9-]{0,40})@([1-9]\d{0,8})$/;

/** `router@7` in its parts; undefined for anything else. */
export function parseName(name: string): { family: string; version: number } | undefined {
  const parts = NAME.exec(name);
  return parts?.[1] && parts[2] ? { family: parts[1], version: Number(parts[2]) } : undefined;
}

/** JSON with sorted keys: the same content has the same bytes, whoever wrote it. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`).join(',')}}`;
}

export function digestOf(files: readonly ModelFile[]): string {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const hash = createHash('sha256');
  for (const { path, bytes, sha256 } of sorted) hash.update(`${sha256} ${bytes} ${path}\n`);
  return hash.digest('hex');
}

/** The bytes a signature is over: all of the manifest but the signature. */
export function signedBytes(version: Omit<ModelVersion, 'signature'>): Uint8Array {
  const { signature: _, ...rest } = version as ModelVersion;
  return Buffer.from(canonicalJson(rest), 'utf8');
}

/** Why a file's path must not be written below a folder; undefined when it may. */
export function pathFault(path: string): string | undefined {
  if (/[\\\0]/.test(path) || path.startsWith('/') || /^[A-Za-z]:/.test(path)) return 'leads out of the folder';
  if (path.split('/').some((part) => part === '' || part === '.' || part === '..')) return 'leads out of the folder';
  if (path.split('/').some((part) => part.startsWith('.'))) return 'is a hidden file';
  return undefined;
}
