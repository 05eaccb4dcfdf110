// What the masters did lately, for models that learned from it: followed in the log, shown to them at each question.
// The one thing to know: nothing is read before the first such model serves; then the past week is, so that a restart forgets nothing.
import { type Bus, followStream, type Logger, type StreamFollowing } from '@cortex/bus';
import { hearRecord, type RouterModel, TRACK_RECORD_MS, TrackRecords } from '@cortex/models';
import { decodeMessage, logRecordSchema } from '@cortex/schemas';

export class LiveRecords {
  private readonly records = new TrackRecords();
  private following: StreamFollowing | undefined;

  constructor(
    private readonly bus: Bus,
    private readonly log: Logger,
  ) {}

  /** From now on the model knows what the masters do, if that is part of its answers. */
  show(model: RouterModel): void {
    if (!model.readsHistories) return;
    this.following ??= this.read();
    model.follow(() => this.records.at(Date.now()));
  }

  stop(): void {
    this.following?.stop();
  }

  private read(): StreamFollowing {
    const from = new Date(Date.now() - TRACK_RECORD_MS);
    return followStream(this.bus, this.bus.subjects.stream('LOG'), from, this.log, (message) => {
      try {
        hearRecord(this.records, decodeMessage('log record', logRecordSchema, message.data));
      } catch {
        // A record that cannot be read tells nothing.
      }
    });
  }
}
