import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { asyncApiDocument } from './asyncapi.js';
import { decodeMessage, decodeTask, encodeMessage, InvalidMessage } from './codec.js';
import { generatedFiles, staleFiles } from './generate.js';
import { MESSAGES } from './messages.js';
import { canonicalMaster, escapeToken, taskKey, unescapeToken } from './names.js';
import { outcomeSchema } from './outcome.js';
import { subjectsOf } from './subjects.js';
import { MAX_TEXT_LENGTH, taskSchema } from './task.js';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('names', () => {
  it('survive the way into a subject token and back, whatever they hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const token = escapeToken(name);
        expect(token).toMatch(/^[A-Za-z0-9_=-]+$/);
        expect(unescapeToken(token)).toBe(name);
      }),
    );
  });

  it('mean the same master with and without -master', () => {
    expect(canonicalMaster('security-master')).toBe('security');
    expect(canonicalMaster(' security ')).toBe('security');
    expect(canonicalMaster('-master')).toBe('-master');
  });

  it('spread over all partitions, two tenants never sharing a key', () => {
    const partitions = new Set(Array.from({ length: 2_000 }, (_, i) => taskKey(`t-${i}`).partition));
    expect(partitions.size).toBe(64);
    expect(taskKey('x', 'a').key).not.toBe(taskKey('x', 'b').key);
  });

  it('below another prefix share no stream and no subject', () => {
    const a = subjectsOf();
    const b = subjectsOf('acme.cortex');
    expect(b.submit).toBe('acme.cortex.tasks.submit');
    expect(b.stream('TASKS')).not.toBe(a.stream('TASKS'));
    expect(() => subjectsOf('a.>')).toThrow(RangeError);
  });
});

describe('a task', () => {
  it('is plain text unless it starts like JSON', () => {
    expect(decodeTask(bytes('  Scan the payments repo \n'))).toEqual({ text: 'Scan the payments repo' });
    expect(decodeTask(bytes('"quoted"'))).toEqual({ text: '"quoted"' });
    expect(decodeTask(bytes(' {"text":"x","colour":"red"}'))).toEqual({ text: 'x', colour: 'red' });
  });

  it.each([
    ['', 'is empty'],
    ['   ', 'is empty'],
    ['{', 'is not valid JSON'],
    ['[]', 'expected object'],
    ['{}', 'text: expected string'],
    ['{"text":" "}', 'text: must say what is to be done'],
    ['{"text":"x","priority":"urgent"}', 'priority: '],
    ['{"text":"x","deadline":"tomorrow"}', 'deadline: '],
    ['{"text":"x","budget":{"tokens":-1}}', 'budget.tokens: '],
    [JSON.stringify({ text: 'x'.repeat(MAX_TEXT_LENGTH + 1) }), 'text: Too big'],
  ])('%j is refused with the field and the problem', (payload, problem) => {
    expect(() => decodeTask(bytes(payload))).toThrow(InvalidMessage);
    expect(() => decodeTask(bytes(payload))).toThrow(problem);
  });

  it('is refused when its bytes are no UTF-8', () => {
    expect(() => decodeTask(new Uint8Array([0xff, 0xfe, 0x41]))).toThrow('not valid UTF-8');
  });

  it('cannot change what an object is', () => {
    const task = decodeTask(bytes('{"text":"x","__proto__":{"polluted":1}}')) as Record<string, unknown>;
    expect(task.polluted).toBeUndefined();
    expect(Object.getPrototypeOf(task)).toBe(Object.prototype);
  });
});

describe('compatibility', () => {
  it('an old reader keeps the fields a new writer adds, in every message', () => {
    for (const [name, { schema }] of Object.entries(MESSAGES)) {
      const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
      expect(json.additionalProperties, `${name} must keep unknown fields`).toEqual({});
    }
    const decoded = decodeMessage(
      'outcome',
      outcomeSchema,
      encodeMessage({ task: 't', status: 'completed', added_in_2027: [1] }),
    );
    expect(decoded).toEqual({ task: 't', status: 'completed', added_in_2027: [1] });
  });

  it('a new reader takes what the first version wrote: only what the contract requires is required', () => {
    const required = (name: keyof typeof MESSAGES) =>
      (z.toJSONSchema(MESSAGES[name].schema, { io: 'input', unrepresentable: 'any' }).required ?? []).slice().sort();
    expect(required('task')).toEqual(['text']);
    expect(required('outcome')).toEqual(['status', 'task']);
    expect(required('master')).toEqual(['name']);
    expect(required('telemetry')).toEqual(['at', 'gauges', 'master', 'status', 'worker']);
    expect(taskSchema.safeParse({ text: 'x' }).success).toBe(true);
  });
});

describe('generated documents', () => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };

  it('are fresh', () => {
    expect(staleFiles(generatedFiles(version))).toEqual([]);
  });

  it('are found stale when a schema changed or a file is left over', () => {
    const files = generatedFiles('9.9.9');
    files.delete('task.schema.json');
    expect(staleFiles(files)).toEqual(['asyncapi.json', 'task.schema.json']);
  });

  it('hold an AsyncAPI document that is valid by the standard', () => {
    const standard = createRequire(import.meta.url)('@asyncapi/specs/schemas/3.0.0-without-$id.json') as object;
    const ajv = new Ajv({ strict: false, validateFormats: false });
    const valid = ajv.validate(standard, asyncApiDocument(version));
    expect(ajv.errors ?? []).toEqual([]);
    expect(valid).toBe(true);
  });
});
