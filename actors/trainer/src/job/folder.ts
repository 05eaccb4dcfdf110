// A job's folder: what each stage left there, so that a job that is begun again on this machine goes on where it was.
// The one thing to know: a stage's result has its final name only when it is whole (written aside, then renamed).
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DataReport } from '@cortex/models';
import type { TrainingFacts } from '../family/facts.js';
import { FACTS_FILE } from '../family/train-family.js';
import { putWhole } from '../rows/whole.js';

export interface KeptRows {
  /** Last sequence of the log they were collected to. */
  readonly until: number;
  readonly fingerprint: string;
  readonly report: DataReport;
  /** Why tasks gave no row, counted. */
  readonly left_out: Readonly<Record<string, number>>;
}

export class JobFolder {
  constructor(readonly path: string) {}

  get collected(): string {
    return join(this.path, 'collected.jsonl');
  }
  get rows(): string {
    return join(this.path, 'rows.jsonl');
  }
  /** Decisions of the past that the candidate is audited with. */
  get logged(): string {
    return join(this.path, 'logged.jsonl');
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

  /** Written last: with it the rows are whole. */
  async keep(rows: KeptRows): Promise<KeptRows> {
    await putWhole(join(this.path, 'rows.json'), `${JSON.stringify(rows, null, 2)}\n`);
    return rows;
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
    await Promise.all(
      [this.candidate, this.collected, this.rows, this.logged, this.masters].map((p) =>
        rm(p, { recursive: true, force: true }),
      ),
    );
  }
}

async function readJson<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as T;
  } catch {
    return undefined;
  }
}
