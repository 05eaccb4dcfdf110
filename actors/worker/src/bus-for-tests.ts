// A real NATS server with everything provisioned, and a stand-in for the coordinator that appends the records workers wait for.
import { readFileSync } from 'node:fs';
import {
  type Bus,
  connectBus,
  type Logged,
  provision,
  provisionMaster,
  startTestServer,
  type TestServer,
  taskLog,
} from '@cortex/bus';
import {
  type Attempt,
  attemptSchema,
  decodeMessage,
  type LogStep,
  type Outcome,
  outcomeSchema,
  PRIORITIES,
  type Priority,
  type Telemetry,
  telemetrySchema,
} from '@cortex/schemas';

export interface TestBus {
  readonly server: TestServer;
  readonly bus: Bus;
  /** Appends `decided`, as a coordinator does; with `after` it is a new decision on the same task. */
  decide(id: string, task?: TestTask): Promise<Logged>;
  /** Appends a later step of the task's life. */
  step(step: LogStep, id: string, after: Logged, outcome?: Outcome): Promise<Logged>;
  /** Every stored claim, oldest first. */
  outcomes(): Promise<Outcome[]>;
  /** Every announcement of a second or later attempt. */
  announced(): Promise<Attempt[]>;
  telemetry(): Promise<Telemetry[]>;
  /** Subjects of what lies in DEAD. */
  dead(): Promise<{ subject: string; attempts: number; reason: string }[]>;
  /** Deliveries that are neither acknowledged nor given up, and messages not delivered yet, over all four consumers. */
  open(master: string): Promise<{ unacknowledged: number; waiting: number; redelivered: number }>;
  close(): Promise<void>;
}

export interface TestTask {
  readonly master?: string;
  readonly priority?: Priority;
  readonly text?: string;
  readonly after?: Logged;
  readonly fields?: Record<string, unknown>;
}

export interface TestBusOptions {
  readonly leaseMs?: number;
  readonly maxDeliver?: number;
  readonly masters?: readonly string[];
}

export async function startTestBus(options: TestBusOptions = {}): Promise<TestBus> {
  const server = await startTestServer();
  const bus = await connectBus({ servers: server.url, name: 'coordinator' });
  const settings = { space: 0.02, leaseMs: options.leaseMs ?? 2_000, maxDeliver: options.maxDeliver ?? 5 };
  await provision(bus, settings);
  for (const master of options.masters ?? ['security']) await provisionMaster(bus, master, settings);
  const log = taskLog(bus);
  const all = async <T>(stream: 'OUTCOMES' | 'TELEMETRY' | 'DEAD', read: (data: Uint8Array) => T): Promise<T[]> => {
    const name = bus.subjects.stream(stream);
    const { state } = await bus.jsm.streams.info(name);
    const found: T[] = [];
    for (let seq = state.first_seq; state.messages > 0 && seq <= state.last_seq; seq++) {
      const stored = await bus.jsm.streams.getMessage(name, { seq });
      if (stored) found.push(read(stored.data));
    }
    return found;
  };
  const claims = () =>
    all('OUTCOMES', (data): Outcome | Attempt => decodeMessage('claim', attemptSchema.or(outcomeSchema), data));
  return {
    server,
    bus,
    async decide(id, task = {}) {
      const { master = 'security', priority = 'medium', text = `do ${id}`, after, fields = {} } = task;
      const record = {
        step: 'decided' as const,
        task: { ...fields, id, priority, text },
        decision: decision(id, master),
      };
      return log.append(id, record, master, priority, after);
    },
    step: (step, id, after, outcome) => {
      const { task, decision: made } = after.record;
      const ended = step === 'settled' || step === 'cancelled' || step === 'expired' ? { settled_as: step } : {};
      const record = { step, task, decided_revision: after.record.revision, ...ended, ...(outcome ? { outcome } : {}) };
      return log.append(id, record, made?.master ?? 'security', task.priority, after);
    },
    outcomes: async () => (await claims()).filter((o) => o.status !== 'started') as Outcome[],
    announced: async () => (await claims()).filter((o) => o.status === 'started') as Attempt[],
    telemetry: () => all('TELEMETRY', (data) => decodeMessage('telemetry', telemetrySchema, data)),
    dead: () => all('DEAD', (data) => JSON.parse(Buffer.from(data).toString('utf8'))),
    async open(master) {
      const sum = { unacknowledged: 0, waiting: 0, redelivered: 0 };
      for (const priority of PRIORITIES) {
        const info = await bus.jsm.consumers.info(
          bus.subjects.stream('LOG'),
          bus.subjects.workConsumer(master, priority),
        );
        sum.unacknowledged += info.num_ack_pending;
        sum.waiting += info.num_pending;
        sum.redelivered += info.num_redelivered;
      }
      return sum;
    },
    async close() {
      await bus.close();
      await server.stop();
    },
  };
}

function decision(task: string, master: string) {
  return {
    task,
    master,
    confidence: 0.9,
    probabilities: { [master]: 0.9 },
    experts: [],
    method: 'rule' as const,
    propensity: 1,
    candidates: [master],
    models: {},
    arm: 'champion' as const,
    explanation: ['for the test'],
    latency_ms: 1,
    decided_at: new Date().toISOString(),
  };
}

/** A promise to be kept from outside. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** Whether a process still does anything: one that has ended and was not reaped yet does not. */
export function processAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return process.platform !== 'linux';
  }
}
