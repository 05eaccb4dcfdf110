// Walks files, reads every document, and hands each record on once, with where it came from. What cannot be read is named by file, line and
// reason. Memory is bounded whatever the files' size: one document, and hashes of what was seen.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { documentsOf, isBroken } from './documents.js';
import { BadField } from './fields.js';
import { recognise } from './forms.js';
import { GeneratorMarks, LOOKED_AT, provenanceOf } from './provenance.js';
import type { ImportedRecord, Sourced } from './records.js';
import { redact, redactText } from './redact.js';
import { Remembered } from './remembered.js';

export interface Quarantined {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
  readonly text: string;
}

export interface ImportSummary {
  files: number;
  documents: number;
  records: number;
  /** Records handed on, by kind. */
  readonly kinds: Record<string, number>;
  readonly forms: Record<string, number>;
  readonly provenance: Record<string, number>;
  duplicates: number;
  /** Tasks that two records send to different masters, or whose outcomes disagree. */
  conflicts: number;
  quarantined: number;
  redacted: number;
  /** What a person should know: a file that looks generated, a directory that holds nothing. */
  readonly notes: string[];
}

export interface CollectOptions {
  readonly onRecord: (found: Sourced) => void | Promise<void>;
  readonly onQuarantined: (what: Quarantined) => void | Promise<void>;
  readonly onConflict?: (what: Quarantined) => void | Promise<void>;
  /** A new file begins: its sha256, so that the same file imported again gives the same output. */
  readonly onFile?: (file: string, sha256: string) => void | Promise<void>;
  readonly onProgress?: (done: number, total: number) => void;
}

const ENDINGS = /\.(json|jsonl|ndjson|log)(\.gz)?$/i;

export async function collect(paths: readonly string[], options: CollectOptions): Promise<ImportSummary> {
  const summary: ImportSummary = {
    files: 0,
    documents: 0,
    records: 0,
    kinds: {},
    forms: {},
    provenance: {},
    duplicates: 0,
    conflicts: 0,
    quarantined: 0,
    redacted: 0,
    notes: [],
  };
  const files: { path: string; bytes: number }[] = [];
  for (const path of paths) await walk(path, files, summary, true);
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  // Of more than a million the oldest are forgotten: a duplicate so far away is kept twice.
  const seen = new Remembered();
  const facts = new Remembered();
  let done = 0;
  for (const { path, bytes } of files) {
    summary.files++;
    await options.onFile?.(path, await sha256(path));
    const reason = await generatorMarks(path);
    if (reason !== undefined) summary.notes.push(`${path} looks generated (${reason}); its rows do not train a model`);
    for await (const found of documentsOf(path)) {
      if (isBroken(found)) {
        summary.quarantined++;
        await options.onQuarantined({ file: path, ...found, text: redactText(found.text) });
        continue;
      }
      summary.documents++;
      summary.redacted += redact(found.value);
      if (found.wrapper) continue;
      try {
        const { form, records } = recognise(found.value);
        tally(summary.forms, form);
        const provenance = provenanceOf(found.value, reason !== undefined);
        for (const record of records) {
          if (seen.get(record.key) !== undefined) {
            summary.duplicates++;
            continue;
          }
          seen.set(record.key, '');
          const against = conflict(record, facts);
          if (against !== undefined) {
            summary.conflicts++;
            await options.onConflict?.({ file: path, line: found.line, reason: against, text: '' });
          }
          summary.records++;
          tally(summary.kinds, record.kind);
          tally(summary.provenance, provenance);
          await options.onRecord({
            record: against !== undefined && record.kind === 'outcome' ? { ...record, doubt: against } : record,
            form,
            file: path,
            line: found.line,
            provenance,
          });
        }
      } catch (error) {
        if (!(error instanceof BadField)) throw error;
        summary.quarantined++;
        const text = JSON.stringify(found.value).slice(0, 200);
        await options.onQuarantined({
          file: path,
          line: found.line,
          reason: `${error.field} ${error.message.slice(error.field.length + 2)}`,
          text,
        });
      }
    }
    done += bytes;
    options.onProgress?.(done, total);
  }
  return summary;
}

async function walk(
  path: string,
  into: { path: string; bytes: number }[],
  summary: ImportSummary,
  named: boolean,
): Promise<void> {
  const stats = await lstat(path);
  // A link could lead anywhere: only what was named itself is followed, by its reader.
  if (stats.isSymbolicLink() && !named) {
    summary.notes.push(`${path} is a link and was left out`);
    return;
  }
  if (stats.isDirectory()) {
    const before = into.length;
    for (const name of (await readdir(path)).sort()) {
      const inner = join(path, name);
      const kind = await lstat(inner);
      if (kind.isDirectory() ? name !== 'node_modules' && name !== '.git' : ENDINGS.test(name))
        await walk(inner, into, summary, false);
    }
    if (named && into.length === before) summary.notes.push(`${path} holds no .json, .jsonl or .log file`);
    return;
  }
  into.push({ path, bytes: stats.size });
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** A look at the beginning of the file before it is read for good. */
async function generatorMarks(path: string): Promise<string | undefined> {
  const marks = new GeneratorMarks();
  let looked = 0;
  for await (const found of documentsOf(path)) {
    if (!isBroken(found)) marks.observe(found.value);
    if (++looked >= LOOKED_AT) break;
  }
  return marks.reason();
}

/** What contradicts what was read before about the same task. */
function conflict(record: ImportedRecord, facts: Remembered): string | undefined {
  const about = (what: string, value: string, say: (before: string) => string): string | undefined => {
    const before = facts.get(what);
    if (before === undefined) facts.set(what, value);
    return before !== undefined && before !== value ? say(before) : undefined;
  };
  if (record.kind === 'outcome') {
    if (record.correct_master !== undefined) {
      const other = about(
        `right ${record.task}`,
        record.correct_master,
        (before) => `another row says ${before} was right`,
      );
      if (other) return other;
    }
    if (record.success !== undefined)
      return about(`success ${record.task}`, String(record.success), (before) =>
        before === 'true' ? 'another row says it succeeded' : 'another row says it failed',
      );
  }
  if (record.kind === 'label')
    return about(`label ${record.text}`, record.master, (before) => `another row labels this text ${before}`);
  return undefined;
}

function tally(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}
