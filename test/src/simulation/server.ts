// What the promises rest on, as the real server does it: a log with compare-and-set per key, consumers with leases and delivery counts,
// messages that come again, come twice and come out of order.
import { type Logged, RevisionConflict, type TaskLog } from '@cortex/bus';
import type { LogRecord } from '@cortex/schemas';
import { AnswerLost, type Process, type Scheduler } from './scheduler.js';

/** A message of a stream, and how often it was delivered. */
export interface Message<T> {
  readonly sequence: number;
  readonly body: T;
  delivery: number;
}

interface Held<T> {
  readonly message: Message<T>;
  readonly by: Process;
  readonly epoch: number;
}

/** A durable consumer: at least once, any order, at most `maxDeliver` times. */
export class Consumer<T> {
  private readonly ready: Message<T>[] = [];
  private readonly held = new Map<number, Held<T>>();
  /** Told when a message was delivered as often as allowed. */
  onExhausted: ((message: Message<T>) => void) | undefined;

  constructor(
    private readonly scheduler: Scheduler,
    private readonly maxDeliver = Number.POSITIVE_INFINITY,
  ) {}

  offer(sequence: number, body: T): void {
    this.ready.push({ sequence, body, delivery: 0 });
  }

  get idle(): boolean {
    return this.ready.length === 0 && this.held.size === 0;
  }

  get anyReady(): boolean {
    return this.ready.length > 0;
  }

  /** Hands one message to a process; which one, the seed says. */
  take(by: Process): Message<T> | undefined {
    const at = Math.floor(this.scheduler.random() * this.ready.length);
    const [message] = this.ready.splice(at, 1);
    if (!message) return undefined;
    const delivered = { ...message, delivery: message.delivery + 1 };
    this.held.set(message.sequence, { message: delivered, by, epoch: by.epoch });
    return delivered;
  }

  /**
   * Ends the message, if this delivery still has its lease. The real server accepts an acknowledgement of an older delivery for a newer one: so
   * whoever held it looks at its own clock first, and sends none when the lease may be over.
   */
  ack(message: Message<T>): void {
    if (this.held.get(message.sequence)?.message.delivery === message.delivery) this.held.delete(message.sequence);
  }

  giveBack(message: Message<T>): void {
    const held = this.held.get(message.sequence);
    if (held && held.message.delivery === message.delivery) this.release(held);
  }

  /** Leases of the dead run out; those of the living sometimes too, when they are slow. */
  expire(slow: number): void {
    for (const held of [...this.held.values()]) {
      const dead = held.by.epoch !== held.epoch;
      if (dead ? this.scheduler.chance(0.3) : this.scheduler.chance(slow)) this.release(held);
    }
  }

  private release({ message }: Held<T>): void {
    this.held.delete(message.sequence);
    if (message.delivery >= this.maxDeliver) this.onExhausted?.(message);
    else this.ready.push(message);
  }
}

/** The stream LOG, with the server's rule: the append is stored only if the key's last sequence is the expected one. */
export class SimulatedLog {
  readonly records: Logged[] = [];
  /** Counts append attempts, for their ids. */
  attempts = 0;
  private readonly lastOf = new Map<string, Logged>();
  onAppend: ((logged: Logged) => void) | undefined;

  constructor(private readonly careless = false) {}

  last(task: string): Logged | undefined {
    return this.lastOf.get(task);
  }

  history(task: string): Logged[] {
    return this.records.filter(({ record }) => record.task.id === task);
  }

  append(task: string, record: LogRecord, expected: number): Logged {
    const last = this.lastOf.get(task);
    if (!this.careless && (last?.sequence ?? 0) !== expected)
      throw new RevisionConflict(`wrong last sequence: ${last?.sequence ?? 0}`);
    const logged = { record, sequence: this.records.length + 1, storedAt: Date.now() };
    this.records.push(logged);
    this.lastOf.set(task, logged);
    this.onAppend?.(logged);
    return logged;
  }
}

/** The log as one process sees it: each call is a step that can be lost. After a lost answer the same append is tried again. */
export function logFor(process: Process, log: SimulatedLog, scheduler: Scheduler): TaskLog {
  const again = async <T>(label: string, work: () => T): Promise<T> => {
    for (;;) {
      try {
        return await scheduler.step(process, label, work);
      } catch (error) {
        if (!(error instanceof AnswerLost)) throw error;
      }
    }
  };
  return {
    last: (task) => again(`reads ${task}`, () => log.last(task)),
    history: (task) => again(`reads all of ${task}`, () => log.history(task)),
    async append(task, record, _master, _priority, after) {
      const full: LogRecord = {
        ...record,
        record: `${process.name}-${++log.attempts}`,
        revision: (after?.record.revision ?? 0) + 1,
        by: process.name,
        at: new Date(0).toISOString(),
      };
      try {
        return await again(`appends ${record.step} to ${task}`, () => log.append(task, full, after?.sequence ?? 0));
      } catch (error) {
        if (!(error instanceof RevisionConflict)) throw error;
        const mine = (await this.history(task)).find((logged) => logged.record.record === full.record);
        if (mine) return mine;
        throw error;
      }
    },
  };
}
