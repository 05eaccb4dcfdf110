// Bytes to messages and back. A message that does not fit is refused with one sentence that names the field.
import { z } from 'zod';
import { type Cancel, cancelSchema, type TaskInput, taskSchema } from './task.js';

/** Thrown when a payload is not what its subject asks for. `field` is a dotted path, empty for the payload as a whole. */
export class InvalidMessage extends Error {
  override readonly name = 'InvalidMessage';
  constructor(
    readonly what: string,
    readonly field: string,
    readonly problem: string,
  ) {
    super(`${what}: ${field === '' ? '' : `${field}: `}${problem}`);
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/** Decodes UTF-8; throws {@link InvalidMessage} for bytes that are none. */
export function decodeText(what: string, bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    throw new InvalidMessage(what, '', 'is not valid UTF-8');
  }
}

/** Parses JSON and checks it against a schema. Unknown fields are kept. Throws {@link InvalidMessage}. */
export function decodeMessage<S extends z.ZodType>(what: string, schema: S, bytes: Uint8Array): z.infer<S> {
  return checkMessage(what, schema, parseJson(what, decodeText(what, bytes)));
}

/** A reviver is called for every value and makes parsing several times slower, so it is used only where its key may be: as it is or escaped. */
function parseJson(what: string, text: string): unknown {
  const suspect = text.includes('__proto__') || text.includes('\\u00');
  try {
    return suspect ? JSON.parse(text, dropPrototype) : JSON.parse(text);
  } catch (cause) {
    throw new InvalidMessage(what, '', `is not valid JSON (${(cause as Error).message})`);
  }
}

/** Checks an already parsed value. Throws {@link InvalidMessage} naming the first field that does not fit. */
export function checkMessage<S extends z.ZodType>(what: string, schema: S, value: unknown): z.infer<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = (issue?.path ?? []).map(String).join('.');
  throw new InvalidMessage(what, field, (issue?.message ?? 'does not fit').replace(/^Invalid input: /, ''));
}

/**
 * A task from a payload of `tasks.submit`: JSON when it starts with `{` or `[`, else plain text. Throws {@link InvalidMessage}.
 */
export function decodeTask(bytes: Uint8Array): TaskInput {
  const text = decodeText('task', bytes);
  const first = text.trimStart()[0];
  if (first === undefined) throw new InvalidMessage('task', '', 'is empty');
  if (first === '{' || first === '[') return checkMessage('task', taskSchema, parseJson('task', text));
  return checkMessage('task', taskSchema, { text: text.trim() });
}

/**
 * Reads a cancellation: `{"task": id, ...}`, the same with the `id` that the task was submitted with, or the id as plain text.
 * Throws {@link InvalidMessage}.
 */
export function decodeCancel(bytes: Uint8Array): Cancel {
  const text = decodeText('cancel', bytes).trim();
  if (!text.startsWith('{') && !text.startsWith('[')) return checkMessage('cancel', cancelSchema, { task: text });
  const json = decodeMessage(
    'cancel',
    z.looseObject({ task: z.unknown().optional(), id: z.unknown().optional() }),
    bytes,
  );
  return checkMessage('cancel', cancelSchema, { ...json, task: json.task ?? json.id });
}

const encoder = new TextEncoder();

/** JSON as bytes. */
export function encodeMessage(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

/** `__proto__` in a payload becomes nothing rather than somebody's prototype. */
function dropPrototype(key: string, value: unknown): unknown {
  return key === '__proto__' ? undefined : value;
}
