// The recorder: keeps what happened as training data. Takes the log, telemetry, forecasts and alerts, each through its durable consumer. Gives
// nothing. Keeps parquet and npy files in its folder; any one of them can be made again from the streams.
import { type ActorContext, type ActorDefinition, watchPresence } from '@cortex/bus';
import { type MessageKind, type Placed, sampleRow, startKeptWriter } from '@cortex/models';
import { checkMessage, type StreamName } from '@cortex/schemas';
import { startEmbedding } from './embeddings.js';
import { type Intake, startIntake } from './intake.js';
import { type FolderLock, lockFolder } from './lock.js';
import { takeSamples } from './samples.js';
import { type RecorderSettings, type RecorderSettingsInput, recorderSettingsSchema } from './settings.js';

/** Samples wait this long, so that their file is not rewritten for each. */
const SAMPLE_FLUSH_MS = 60_000;
const LOCK_RETRY_MS = 1_000;

/** Throws InvalidMessage naming the setting that does not fit. */
export function recorderActor(input: RecorderSettingsInput): ActorDefinition {
  const settings = checkMessage('recorder settings', recorderSettingsSchema, input);
  return {
    name: 'recorder',
    description: 'Keeps decisions, outcomes, telemetry and system metrics as training data.',
    async start(context) {
      let stopped = false;
      let lock: FolderLock | undefined;
      let retry: NodeJS.Timeout | undefined;
      context.add({
        name: 'folder',
        async stop() {
          stopped = true;
          clearTimeout(retry);
          await lock?.release();
        },
      });
      const take = async (): Promise<void> => {
        const got = await lockFolder(settings.folder, context.bus.instance);
        if (stopped) return 'release' in got ? got.release() : undefined;
        if ('release' in got) {
          lock = got;
          context.degrade('folder', undefined);
          return record(context, settings, got);
        }
        context.degrade('folder', `${settings.folder} is written by the recorder ${got.holder}: this one stands by`);
        retry = setTimeout(() => {
          take().catch((error) => context.degrade('folder', String(error)));
        }, LOCK_RETRY_MS);
      };
      await take();
    },
  };
}

function record(context: ActorContext, settings: RecorderSettings, lock: FolderLock): void {
  const { bus, log } = context;
  const { subjects } = bus;
  const writer = startKeptWriter(settings.folder, (file, problem) =>
    log.error('a file of kept training data was damaged; it is set aside and begun anew', { file, problem }),
  );
  context.add({ name: 'writer', stop: () => writer.close() });
  const intakes: Intake[] = [];
  const intake = (stream: StreamName, subject: string, kindOf: (subject: string) => MessageKind) => {
    const started = startIntake(context, {
      stream,
      kindOf,
      writer,
      flushMs: settings.flush_ms,
      batch: settings.batch,
      mayWrite: lock.held,
    });
    intakes.push(started);
    context.add({ name: stream.toLowerCase(), subject, busy: started.busy, stop: (limitMs) => started.stop(limitMs) });
  };
  const forecasts = subjects.forecast('x').slice(0, -1);
  intake('ALERTS', subjects.alerts, () => 'alert');
  intake('TELEMETRY', subjects.telemetryAll, (subject) => (subject.startsWith(forecasts) ? 'forecast' : 'telemetry'));
  intake('LOG', subjects.logAll, () => 'log');
  if (!['', 'off', 'none'].includes(settings.encoder)) {
    context.add(
      startEmbedding(context, {
        folder: settings.folder,
        encoder: settings.encoder,
        vectorFolder: settings.vector_folder,
        perSecond: settings.embed_per_second,
        everyMs: settings.embed_every_ms,
        kept: () => intakes.reduce((sum, one) => sum + one.kept(), 0),
        mayWrite: lock.held,
      }),
    );
  }
  if (settings.sample_ms > 0) sample(context, settings.sample_ms, (rows) => writer.put([], rows));
}

function sample(context: ActorContext, everyMs: number, put: (rows: readonly Placed[]) => Promise<unknown>): void {
  const presence = watchPresence(context.bus);
  let waiting: Placed[] = [];
  const flush = async () => {
    const rows = waiting;
    waiting = [];
    // Samples are worth little and cannot be repeated: a full disk is said by what is kept of the streams.
    await put(rows).catch(() => undefined);
  };
  const measure = async () => {
    const at = Date.now();
    const samples = await takeSamples(context.bus, presence);
    waiting.push(...samples.map(([name, value]) => sampleRow('samples', at, name, value)));
    const first = waiting[0]?.row.stored_at;
    if (typeof first === 'number' && at - first >= SAMPLE_FLUSH_MS) await flush();
  };
  let running = presence.settled.then(measure).catch(() => undefined);
  const timer = setInterval(() => {
    running = running.then(measure).catch(() => undefined);
  }, everyMs);
  context.add({
    name: 'samples',
    async stop() {
      clearInterval(timer);
      await running;
      presence.close();
      await flush();
    },
  });
}
