// The AsyncAPI 3.0 document of all channels, made from MESSAGES: what to publish where, in which form, for people and code generators.
import { z } from 'zod';
import { HEADERS } from './headers.js';
import { MESSAGES, type MessageDefinition } from './messages.js';
import { DEFAULT_PREFIX } from './subjects.js';

/** JSON Schema (draft 2020-12) of one message, as it is read: fields with defaults may be left out. */
export function jsonSchemaOf(name: keyof typeof MESSAGES): Record<string, unknown> {
  const schema = z.toJSONSchema(MESSAGES[name].schema, { io: 'input', unrepresentable: 'any' });
  return { ...schema, title: name };
}

const PARAMETERS: Record<string, string> = {
  partition: 'Two decimal digits, 00 to 63, from the hash of the task.',
  key: '32 hexadecimal digits: hash of tenant and task id.',
  step: 'admitted, decided, settled, cancelled, corrected, escalated or expired.',
  master: 'Escaped name of a master: bytes outside A-Z a-z 0-9 _ - are written =XX.',
  priority: 'critical, high, medium or low.',
  worker: 'Escaped name of a worker.',
  severity: 'info, warning or critical.',
  kind: 'Escaped kind of action.',
  what: 'Escaped name of what is forecast.',
  family: 'router, success, minutes, tokens, complexity, anomaly or forecast.',
  event: 'trained, promoted, rolled-back and so on.',
  stream: 'Name of the stream the message was in.',
  actor: 'Kind of actor, such as router.',
  instance: 'Unique name of one running actor.',
};

/** The whole document, for the default prefix. */
export function asyncApiDocument(version: string): Record<string, unknown> {
  const channels: Record<string, unknown> = {};
  const operations: Record<string, unknown> = {};
  const messages: Record<string, unknown> = {};
  for (const [name, definition] of Object.entries(MESSAGES) as [keyof typeof MESSAGES, MessageDefinition][]) {
    messages[name] = {
      name,
      contentType: 'application/json',
      ...(definition.schema.description ? { summary: definition.schema.description } : {}),
      headers: { $ref: '#/components/schemas/Headers' },
      payload: { schemaFormat: 'application/schema+json;version=draft-2020-12', schema: jsonSchemaOf(name) },
    };
    if (definition.subject === undefined) continue;
    const parameters = [...definition.subject.matchAll(/\{(\w+)\}/g)].map((m) => m[1] as string);
    channels[name] = {
      address: `${DEFAULT_PREFIX}.${definition.subject}`,
      description: definition.stream ? `Kept in the JetStream stream ${definition.stream}.` : 'Not stored.',
      messages: { [name]: { $ref: `#/components/messages/${name}` } },
      ...(parameters.length > 0
        ? { parameters: Object.fromEntries(parameters.map((p) => [p, { description: PARAMETERS[p] ?? p }])) }
        : {}),
    };
    operations[`${definition.direction === 'in' ? 'receive' : 'send'}-${name}`] = {
      // From Cortex's point of view: it receives what others publish.
      action: definition.direction === 'in' ? 'receive' : 'send',
      channel: { $ref: `#/channels/${name}` },
    };
  }
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Cortex',
      version,
      description: 'Publish a task to a NATS subject; it is routed, delivered, done, and its whole way is one trace.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    channels,
    operations,
    components: {
      messages,
      schemas: {
        Headers: {
          type: 'object',
          description: 'All optional on what comes from outside.',
          properties: Object.fromEntries(Object.values(HEADERS).map((h) => [h, { type: 'string' }])),
        },
      },
    },
  };
}
