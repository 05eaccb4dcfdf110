// Telling one running instance something: restart, rest, take fewer tasks. Core requests on `control.<instance>`: only who is there answers.
import { encodeMessage } from '@cortex/schemas';
import { errors } from '@nats-io/transport-node';
import type { Bus } from '../connection/connect.js';

/** Answers with further fields of the reply. Throws: the reply says why. */
export type ControlCommand = (request: Readonly<Record<string, unknown>>) => object | undefined;

/** `gone`: nobody of that name is there. `silent`: it is there, and does not answer. */
export type Answered =
  | { readonly ok: true; readonly [field: string]: unknown }
  | { readonly ok: false; readonly why: 'gone' | 'silent' | 'refused'; readonly error: string };

/** Requests whose id was answered already are answered alike: told twice is told once. */
const REMEMBERED = 100;

/** Serves the commands of this connection's instance; the returned function ends it. */
export function serveControl(bus: Bus, commands: ReadonlyMap<string, ControlCommand>): () => void {
  const answered = new Map<string, object>();
  const answer = (data: Uint8Array): object => {
    let request: Record<string, unknown>;
    try {
      request = JSON.parse(new TextDecoder().decode(data)) as Record<string, unknown>;
    } catch {
      return { ok: false, error: 'the request is not JSON' };
    }
    const id = typeof request?.id === 'string' ? request.id : undefined;
    const before = id === undefined ? undefined : answered.get(id);
    if (before) return before;
    const command = commands.get(String(request?.do));
    let reply: object;
    try {
      reply = command
        ? { ok: true, ...command(request) }
        : { ok: false, error: `it knows ${[...commands.keys()].join(', ')}, not "${String(request?.do)}"` };
    } catch (error) {
      reply = { ok: false, error: error instanceof Error ? error.message : String(error) };
    }
    if (id !== undefined) {
      answered.set(id, reply);
      if (answered.size > REMEMBERED) answered.delete(answered.keys().next().value as string);
    }
    return reply;
  };
  const subscription = bus.nc.subscribe(bus.subjects.control(bus.instance), {
    callback: (error, msg) => void (error || msg.respond(encodeMessage(answer(msg.data)))),
  });
  return () => subscription.unsubscribe();
}

/** Tells an instance something and waits for its answer. */
export async function control(
  bus: Bus,
  instance: string,
  request: { readonly do: string; readonly id?: string; readonly [field: string]: unknown },
  timeoutMs = 2_000,
): Promise<Answered> {
  try {
    const reply = await bus.nc.request(bus.subjects.control(instance), encodeMessage(request), { timeout: timeoutMs });
    const answer = reply.json<{ ok: boolean; error?: string }>();
    return answer.ok ? { ...answer, ok: true } : { ok: false, why: 'refused', error: answer.error ?? 'refused' };
  } catch (error) {
    const gone =
      error instanceof errors.NoRespondersError || (error instanceof errors.RequestError && error.isNoResponders());
    return {
      ok: false,
      why: gone ? 'gone' : 'silent',
      error: gone ? `${instance} is not there` : `${instance} does not answer within ${timeoutMs} ms`,
    };
  }
}
