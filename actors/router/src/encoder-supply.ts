// The encoder as the router sees it: perhaps not there, perhaps still loading, perhaps just crashed.
// The one thing to know: nothing here throws at a task. A vector comes in time or the reason why it does not.
import { type Encoder, EncoderBusy } from '@cortex/models';

export type Embedded = { vector: Float32Array } | { reason: string; late: boolean };

export interface SupplyOptions {
  /** Loads it; called again after a failed load. Undefined: there is none, for the reason given. */
  readonly load: (() => Promise<Encoder>) | undefined;
  /** Why there is none, when `load` is undefined. */
  readonly absent?: string;
  /** Told what is missing, and undefined when all is well again. */
  readonly onState: (reason: string | undefined) => void;
  /** First pause before a failed encoder is tried again, in milliseconds; doubles up to 30 s. Default 200. */
  readonly retryMs?: number;
}

const LONGEST_PAUSE_MS = 30_000;

export class EncoderSupply {
  private encoder: Encoder | undefined;
  private problem: string | undefined;
  private pause: number;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;
  private probes = 0;

  constructor(private readonly options: SupplyOptions) {
    this.pause = options.retryMs ?? 200;
    if (options.load) {
      this.say('still loading');
      void this.bring();
    } else this.say(options.absent ?? 'none is configured');
  }

  /** The encoder, when it is there. */
  current(): Encoder | undefined {
    return this.encoder;
  }

  /** Why it cannot be used right now; undefined when it can. */
  missing(): string | undefined {
    return this.problem;
  }

  /** One text's vector before `deadline` (milliseconds since the epoch), or why not. */
  async embed(text: string, deadline: number): Promise<Embedded> {
    if (!this.encoder || this.problem) return { reason: this.problem ?? 'still loading', late: false };
    const left = deadline - Date.now();
    if (left <= 0) return { reason: 'no time left', late: true };
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), left);
    try {
      const [vector] = await this.encoder.encode([text], { signal: giveUp.signal });
      return vector ? { vector } : { reason: 'it gave no vector', late: false };
    } catch (error) {
      if (giveUp.signal.aborted) return { reason: `${Math.round(left)} ms were left`, late: true };
      const reason = error instanceof Error ? error.message : String(error);
      // Too much to do is no illness: this ask goes without, the next one may have a vector.
      if (error instanceof EncoderBusy) return { reason, late: true };
      this.fail(reason);
      return { reason, late: false };
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.encoder?.close();
  }

  /** Loads it where it is not there yet, and sees whether it works. */
  private async bring(): Promise<void> {
    try {
      if (!this.encoder) {
        const encoder = await this.options.load?.();
        if (this.closed) return void encoder?.close();
        this.encoder = encoder;
      }
      // A text it has not seen: a remembered vector would prove nothing.
      await this.encoder?.encode([`probe ${process.pid} ${performance.now()} ${this.probes++}`]);
      this.pause = this.options.retryMs ?? 200;
      this.say(undefined);
    } catch (error) {
      this.say(error instanceof Error ? error.message : String(error));
      this.retryLater();
    }
  }

  private fail(reason: string): void {
    if (this.problem || this.closed) return;
    this.say(reason);
    this.retryLater();
  }

  private retryLater(): void {
    if (this.closed) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.bring(), this.pause);
    this.pause = Math.min(LONGEST_PAUSE_MS, this.pause * 2);
  }

  private say(reason: string | undefined): void {
    this.problem = reason;
    if (!this.closed) this.options.onState(reason);
  }
}
