// What asks for a training by itself: the clock, enough new labels, drift.
// The one thing to know: any number of trainers may look at the same moment, since a reason gives the same job id everywhere.
import { createHash } from 'node:crypto';
import type { Bus } from '@cortex/bus';
import { type Alert, escapeToken, type TrainJobInput } from '@cortex/schemas';
import { AckPolicy, DeliverPolicy } from '@nats-io/jetstream';
import { z } from 'zod';
import { TASK_FAMILIES, type TrainedFamily, trainedFamily } from '../family/families.js';
import { askForTraining } from '../job/ask.js';
import type { Board } from '../job/board.js';
import type { TrainerSettings } from '../settings.js';
import { dueSince } from './due.js';

export interface TriggerOptions {
  readonly bus: Bus;
  readonly board: Board;
  readonly settings: Pick<TrainerSettings, 'schedules' | 'volume' | 'drift_pause_minutes'>;
  readonly say: (message: string, fields?: Record<string, unknown>) => void;
  /** Default: the clock. */
  readonly now?: () => Date;
}

const firedSchema = z.looseObject({ at: z.string() });

export class Triggers {
  readonly #now: () => Date;
  constructor(readonly options: TriggerOptions) {
    this.#now = options.now ?? (() => new Date());
  }

  /** One look at the clock and at the log. */
  async look(): Promise<void> {
    await this.#schedules();
    await this.#volume();
  }

  /** An alert of drift asks for a training, now and then: a second one within the pause says nothing new. */
  async drift(alert: Alert): Promise<void> {
    if (!/(^|-)drift($|-)/.test(alert.kind)) return;
    const named = alert.evidence?.family;
    const families = familiesOf(named);
    for (const family of families) {
      if (!(await this.#pauseIsOver(family))) continue;
      await this.#ask(`drift-${family}-${shortHash(alert.id)}`, family, `drift: ${alert.summary}`, { drifted: true });
    }
  }

  async #schedules(): Promise<void> {
    const { board, settings } = this.options;
    for (const schedule of settings.schedules) {
      const key = `schedule.${shortHash(JSON.stringify(schedule))}`;
      const fired = await board.documents.change(key, firedSchema, (now) =>
        // A schedule that is new counts from now on.
        now ? undefined : { at: this.#now().toISOString() },
      );
      if (!fired) continue;
      const due = dueSince(schedule.cron, new Date(fired.at), this.#now());
      if (!due) continue;
      const at = due.toISOString();
      for (const name of schedule.families) {
        const family = trainedFamily(name);
        if (schedule.tune === 0 && (await this.#newlySettled(family)) === 0) {
          this.options.say(`the ${family} is not trained on schedule: nothing was settled since the last training`);
          continue;
        }
        const id = `schedule-${family}-${at.slice(0, 16).replaceAll(/[^0-9]/g, '')}-${shortHash(key).slice(0, 6)}`;
        await this.#ask(id, family, `schedule ${schedule.cron}, due ${at}`, {
          ...(await this.#unsettled(family)),
          ...(schedule.tune > 0 ? { tune: schedule.tune } : {}),
          ...(schedule.neural ? { neural: true } : {}),
        });
      }
      await board.documents.change(key, firedSchema, (now) => (now && now.at >= at ? undefined : { at }));
    }
  }

  async #volume(): Promise<void> {
    const { volume } = this.options.settings;
    if (volume === 0) return;
    for (const family of TASK_FAMILIES) {
      const fresh = await this.#newlySettled(family);
      if (fresh < volume) continue;
      const since = (await this.options.board.last(family))?.until ?? 0;
      await this.#ask(`volume-${family}-${since}`, family, `${fresh} tasks were settled since the last training`, {
        ...(await this.#unsettled(family)),
      });
    }
  }

  /** For some time after drift every training looks for what changed: right after the alarm there may be too little to tell. */
  async #unsettled(family: TrainedFamily): Promise<{ drifted?: true }> {
    const last = await this.options.board.documents.read(driftKey(family), firedSchema);
    const over = !last || this.#now().getTime() - Date.parse(last.value.at) > UNSETTLED_MS;
    return over ? {} : { drifted: true };
  }

  /** Settled and corrected tasks behind the last training: counted by the server, not read. */
  async #newlySettled(family: TrainedFamily): Promise<number> {
    const { bus, board } = this.options;
    const since = (await board.last(family))?.until ?? 0;
    const stream = bus.subjects.stream('LOG');
    const { name, num_pending } = await bus.jsm.consumers.add(stream, {
      filter_subjects: [bus.subjects.logStep('settled'), bus.subjects.logStep('corrected')],
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: since + 1,
      headers_only: true,
      mem_storage: true,
      inactive_threshold: 5_000_000_000,
    });
    await bus.jsm.consumers.delete(stream, name);
    return num_pending;
  }

  async #pauseIsOver(family: TrainedFamily): Promise<boolean> {
    const { board, settings } = this.options;
    const now = this.#now();
    let over = false;
    await board.documents.change(driftKey(family), firedSchema, (last) => {
      over = !last || now.getTime() - Date.parse(last.at) >= settings.drift_pause_minutes * 60_000;
      return over ? { at: now.toISOString() } : undefined;
    });
    return over;
  }

  async #ask(id: string, family: TrainedFamily, reason: string, options: NonNullable<TrainJobInput['options']>) {
    const { bus, board, say } = this.options;
    if (await board.read(id)) return;
    say(`asked for a training of the ${family}: ${reason}`, { job: id });
    await askForTraining(bus, board, {
      id,
      family,
      reason,
      options,
      requested_by: bus.instance,
      at: this.#now().toISOString(),
    });
  }
}

const driftKey = (family: TrainedFamily) => `drift.${escapeToken(family)}`;
/** A week. */
const UNSETTLED_MS = 7 * 86_400_000;

const shortHash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 12);

/** The family that an alert names; all of them where it names none that is trained. */
function familiesOf(named: unknown): readonly TrainedFamily[] {
  try {
    return [trainedFamily(String(named))];
  } catch {
    return TASK_FAMILIES;
  }
}
