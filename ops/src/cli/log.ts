// Log lines of actors on standard error: for people on a terminal, one JSON object a line for machines (CORTEX_LOG decides).
import { jsonLogger, type Logger } from '@cortex/bus';
import pc from 'picocolors';
import { paintsOn } from './output/colours.js';
import { clock, note } from './output/index.js';

export function logsJson(env: NodeJS.ProcessEnv = process.env, tty: boolean = process.stderr.isTTY === true): boolean {
  if (env.CORTEX_LOG === 'json') return true;
  if (env.CORTEX_LOG === 'text') return false;
  return !tty;
}

/** `json` overrides what {@link logsJson} says. */
export function actorLogger(actor: string, instance = actor, json: boolean = logsJson()): Logger {
  if (json) return jsonLogger(actor, instance);
  const c = pc.createColors(paintsOn(process.stderr));
  const write =
    (paint: (text: string) => string) =>
    (message: string, fields: Record<string, unknown> = {}) => {
      const more = Object.entries(fields)
        .map(([key, value]) => ` ${c.dim(`${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)}`)
        .join('');
      note(`${c.dim(clock(Date.now()))} ${actor.padEnd(11)} ${paint(message)}${more}`);
    };
  return { info: write((t) => t), warn: write(c.yellow), error: write(c.red) };
}
