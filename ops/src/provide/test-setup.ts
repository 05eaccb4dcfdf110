// Runs once before all tests (vitest's globalSetup): puts nats-server, the encoder, Prometheus and, where it is there, Jaeger into
// the environment, so that `npx vitest run PATH` finds the same real things as `npm test`.
import { dirname } from 'node:path';
import { provideEncoder } from './encoder.js';
import { provideJaeger } from './jaeger.js';
import { provideNatsServer } from './nats-server.js';
import { providePrometheus } from './prometheus.js';

export async function setup(): Promise<void> {
  const all = process.env.CORTEX_REQUIRE_ALL === '1';
  const log = (line: string) => process.stderr.write(`test setup: ${line}\n`);
  const absent = (what: string, reason: string) => {
    if (all) throw new Error(`${what} is required (CORTEX_REQUIRE_ALL=1): ${reason}`);
    log(`tests that need ${what} are skipped: ${reason}`);
  };

  try {
    process.env.CORTEX_NATS_SERVER = (await provideNatsServer({ log, onProgress: log })).path;
  } catch (error) {
    delete process.env.CORTEX_NATS_SERVER;
    absent('nats-server', error instanceof Error ? error.message : String(error));
  }

  const encoder = await provideEncoder({ log, onProgress: log });
  if (encoder.found) process.env.CORTEX_ENCODER = encoder.folder;
  else absent('the encoder', encoder.reason);

  const prometheus = await providePrometheus({ log });
  if (prometheus.found) process.env.CORTEX_PROMETHEUS = dirname(prometheus.promtool);
  else absent('Prometheus', prometheus.reason);

  const jaeger = await provideJaeger({ build: all, log });
  if (jaeger.found) process.env.CORTEX_JAEGER = jaeger.path;
  else
    absent(
      'Jaeger',
      all ? jaeger.reason : 'set CORTEX_JAEGER to its binary, or CORTEX_REQUIRE_ALL=1 to have it built with Go',
    );
}
