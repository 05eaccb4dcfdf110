// A job's folder: what each stage left there, so that a job that is begun again on this machine goes on where it was.
// The one thing to know: a stage's result has its final name only when it is whole (written aside, then renamed).
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Master } from '@cortex/schemas';
import { fingerprintOf, type TrainingFacts } from '../family/facts.js';
import { FACTS_FILE } from '../family/train-family.js';
import type { DataReport } from '../rows/report.js';

export interface KeptRows {
  /** Last sequence of the log they were collected to. */
  readonly until: number;
  readonly fingerprint: string;
  readonly report: DataReport;
}

export class JobFolder {
  constructor(readonly path: string) {}

  get rows(): string {
    return join(this.path, 'rows.jsonl');
  }
  get masters(): string {
    return join(this.path, 'masters.json');
  }
  /** The trained model. */
  get candidate(): string {
    return join(this.path, 'candidate');
  }

  static async open(root: string, job: string): Promise<JobFolder> {
    const folder = new JobFolder(join(root, job));
    await mkdir(folder.path, { recursive: true });
    return folder;
  }

  /** Rows collected before, to the same sequence; undefined: collect. */
  async keptRows(until: number): Promise<KeptRows | undefined> {
    const kept = await readJson<KeptRows>(join(this.path, 'rows.json'));
    return kept?.until === until ? kept : undefined;
  }

  async keepRows(
    rows: readonly object[],
    masters: readonly Master[],
    kept: Omit<KeptRows, 'fingerprint'>,
  ): Promise<KeptRows> {
    await put(this.rows, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    await put(this.masters, JSON.stringify(masters));
    const whole = { ...kept, fingerprint: fingerprintOf(rows) };
    await put(join(this.path, 'rows.json'), `${JSON.stringify(whole, null, 2)}\n`);
    return whole;
  }

  /** What is told of the model that lies here; undefined: there is none yet. */
  trained(): Promise<TrainingFacts | undefined> {
    return readJson<TrainingFacts>(join(this.candidate, FACTS_FILE));
  }

  /** A folder to train into; {@link keepCandidate} makes it the candidate. */
  async scratch(): Promise<string> {
    const scratch = join(this.path, `candidate-${randomUUID()}`);
    await mkdir(scratch, { recursive: true });
    return scratch;
  }

  async keepCandidate(scratch: string): Promise<void> {
    await rm(this.candidate, { recursive: true, force: true });
    await rename(scratch, this.candidate);
  }

  /** What was only needed on the way: the rows are in the recorder's files, the model in the registry. */
  async tidy(): Promise<void> {
    await Promise.all([this.candidate, this.rows, this.masters].map((p) => rm(p, { recursive: true, force: true })));
  }
}

async function put(file: string, content: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  await writeFile(aside, content);
  await rename(aside, file);
}

async function readJson<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as T;
  } catch {
    return undefined;
  }
}
