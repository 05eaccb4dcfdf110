// What a command's output says about its task. Pure, but for the running hash.
import { createHash } from 'node:crypto';
import { checkMessage, InvalidMessage, outcomeSchema } from '@cortex/schemas';
import type { JobResult } from '../job.js';

/** Keeps the last `limit` bytes of a stream, and counts and hashes all of it. Memory: the limit and one more write. */
export class Tail {
  #chunks: Buffer[] = [];
  #kept = 0;
  #hash = createHash('sha256');
  total = 0;

  constructor(readonly limit: number) {}

  push(chunk: Buffer): void {
    this.total += chunk.length;
    this.#hash.update(chunk);
    this.#chunks.push(chunk);
    this.#kept += chunk.length;
    // Many small writes would cost more in buffers than in bytes.
    if (this.#chunks.length > 256) {
      const tail = Buffer.concat(this.#chunks).subarray(-this.limit);
      this.#chunks = [Buffer.from(tail)];
      this.#kept = tail.length;
    }
    while (this.#kept - (this.#chunks[0]?.length ?? 0) >= this.limit) this.#kept -= this.#chunks.shift()?.length ?? 0;
  }

  /** The last `bytes` of it (default: all that is kept) as text; broken characters at the cut are left out. */
  text(bytes = this.limit): string {
    const all = Buffer.concat(this.#chunks);
    const tail = all.subarray(Math.max(0, all.length - Math.min(bytes, this.limit)));
    const whole = tail.length === this.total;
    let start = 0;
    while (!whole && start < 4 && ((tail[start] ?? 0) & 0xc0) === 0x80) start++;
    return tail.subarray(start).toString('utf8');
  }

  /** Hash of everything that went through, hexadecimal. Once. */
  sha256(): string {
    return this.#hash.digest('hex');
  }
}

/** Bytes of output an outcome carries: it stays in the log for as long as the task does. */
export const OUTPUT_IN_OUTCOME = 64 * 1024;

/** Only the worker says these; `decision` is what a command that echoes its input would send back. */
const NOT_FROM_OUTPUT = [
  'status',
  'task',
  'attempt',
  'revision',
  'master',
  'worker',
  'finished_at',
  'decision',
] as const;

/**
 * Outcome fields from standard output: the last line when it is a JSON object that fits; else the output itself. A last line that is an
 * object but does not fit is kept as output, with what is wrong with it in `output_problem`.
 */
export function readOutput(stdout: Tail): JobResult {
  if (stdout.total === 0) return {};
  const evidence = { kind: 'stdout', sha256: stdout.sha256() };
  const line = lastLine(stdout);
  let problem: string | undefined;
  if (line !== undefined) {
    const fields: Record<string, unknown> = { ...line };
    for (const field of NOT_FROM_OUTPUT) delete fields[field];
    try {
      checkMessage('output', outcomeSchema, { ...fields, task: 'x', status: 'completed' });
      const given = (fields.evidence ?? []) as NonNullable<JobResult['evidence']>;
      return { ...fields, evidence: [...given, evidence] };
    } catch (error) {
      if (!(error instanceof InvalidMessage)) throw error;
      problem = error.message;
    }
  }
  const cut = stdout.total > OUTPUT_IN_OUTCOME || stdout.total > stdout.limit;
  return {
    output: stdout.text(OUTPUT_IN_OUTCOME),
    ...(cut ? { output_truncated: true, output_bytes: stdout.total } : {}),
    ...(problem === undefined ? {} : { output_problem: problem }),
    evidence: [evidence],
  };
}

function lastLine(stdout: Tail): Record<string, unknown> | undefined {
  const line = stdout.text().trimEnd().split('\n').at(-1)?.trim() ?? '';
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line, (key, inner) => (key === '__proto__' ? undefined : inner));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
