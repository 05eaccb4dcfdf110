// A healthy fleet in virtual time, for as many worker-minutes as one likes: whatever the watchdog would do here is a false intervention.
// Healthy is not tidy: beats come late or never, processes pause, tasks have heavy tails, workers come and go, queues swell and shrink.
import {
  closeOver,
  DEFAULT_THRESHOLDS,
  type Finding,
  identity,
  newBook,
  newMendState,
  newState,
  observe,
  planMends,
  takeFindings,
  type WatchEvent,
} from '@cortex/actor-watchdog';
import { seededRandom } from '@cortex/models';

export interface VirtualOptions {
  readonly seed: number;
  readonly workers: number;
  readonly minutes: number;
}

export interface VirtualResult {
  readonly workerMinutes: number;
  readonly tasks: number;
  readonly alerts: Readonly<Record<string, number>>;
  readonly interventions: Readonly<Record<string, number>>;
  readonly falsePer10k: number;
}

interface Worker {
  name: string;
  readonly master: string;
  nextBeat: number;
  pausedUntil: number;
  task: string | undefined;
  endsAt: number;
  progress: number;
  done: number;
  /** Milliseconds its clock is behind. */
  readonly late: number;
}

const MASTERS = ['security', 'development', 'inventory', 'cicd'];
/** Share of tasks that fail, in order. */
const FAILS = [0.02, 0.1, 0.2, 0.05];
const STEP_MS = 1_000;
const LIMITS = {
  coolDownMs: 60_000,
  mostActions: 3,
  mostShare: 0.2,
  shareMs: 300_000,
  graceMs: 5_000,
  breaker: { restMs: 30_000, probes: 3 },
};

export function watchHealthyFleet({ seed, workers: size, minutes }: VirtualOptions): VirtualResult {
  const random = seededRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  let now = Date.parse('2026-01-01T00:00:00Z');
  const began = now;
  let state = newState(now);
  const book = newBook();
  const mend = newMendState();
  const alerts: Record<string, number> = {};
  const interventions: Record<string, number> = {};
  const queues = new Map(MASTERS.map((name) => [name, [] as string[]]));
  let names = 0;
  let tasks = 0;
  const fleet: Worker[] = Array.from({ length: size }, (_, i) => newWorker(MASTERS[i % MASTERS.length] as string));

  function newWorker(master: string): Worker {
    return {
      name: `w-${names++}`,
      master,
      nextBeat: now + 5_000 * random(),
      pausedUntil: 0,
      task: undefined,
      endsAt: 0,
      progress: 0,
      done: 0,
      late: Math.floor(100 * random()),
    };
  }
  const act = (findings: readonly Finding[]) => {
    for (const { change, alert } of takeFindings(book, findings, now))
      if (change === 'fired') alerts[alert.kind] = (alerts[alert.kind] ?? 0) + 1;
    const { wanted } = planMends(
      mend,
      findings,
      {
        state,
        masters: MASTERS.map((name) => ({ name, status: 'active' })),
        limits: LIMITS,
        alertOf: (finding) => book.open.get(identity(finding))?.id,
      },
      now,
    );
    for (const { kind } of wanted) interventions[kind] = (interventions[kind] ?? 0) + 1;
    // Nothing was wrong, so nothing is mended: a paused master would go on all the same.
    mend.breakers.clear();
  };
  const say = (event: WatchEvent) => {
    const seen = observe(state, event, now, DEFAULT_THRESHOLDS);
    state = seen.state;
    if (seen.findings.length > 0) act(seen.findings);
    if (event.kind === 'tick') closeOver(book, now);
  };
  const beat = (worker: Worker, status: string) => {
    // One in a thousand is lost on its way.
    if (random() < 0.001) return;
    say({
      kind: 'beat',
      worker: worker.name,
      master: worker.master,
      at: now - worker.late,
      status,
      tasks: worker.task === undefined ? [] : [worker.task],
      gauges: { cpu: random(), memory_mb: 300 + 10 * random(), tokens: worker.progress, tasks_done: worker.done },
      source: `/cortex/${worker.name}`,
    });
  };

  const end = began + minutes * 60_000;
  for (let step = 0; now < end; step++) {
    now += STEP_MS;
    // Load swings between a quarter and nine tenths of what the fleet can do, in waves of forty minutes: single masters are over it at times.
    const wave = 0.57 + 0.32 * Math.sin((2 * Math.PI * (now - began)) / 2_400_000);
    const perStep = ((size / 30) * wave * STEP_MS) / 1_000;
    for (let n = perStep; n > 0; n--) {
      if (n < 1 && random() > n) break;
      const at = Math.floor(random() * MASTERS.length);
      const id = `t-${tasks++}`;
      queues.get(MASTERS[at] as string)?.push(id);
      say({
        kind: 'step',
        task: id,
        step: 'decided',
        master: MASTERS[at] as string,
        priority: 'medium',
        revision: 1,
        nextBest: [MASTERS[(at + 1) % 4] as string],
      });
    }
    for (const [i, worker] of fleet.entries()) {
      if (now < worker.pausedUntil) continue;
      // A pause of up to eight seconds (garbage, disk, a busy machine) each hour.
      if (random() < 1 / 3_600) worker.pausedUntil = now + 8_000 * random();
      if (worker.task !== undefined) {
        if (random() < 0.5) worker.progress += Math.floor(1 + 50 * random());
        if (now >= worker.endsAt) finish(worker);
      }
      if (worker.task === undefined) {
        // Every few hours a worker is replaced in order, under another name.
        if (random() < 1 / 14_400) {
          beat(worker, 'draining');
          fleet[i] = newWorker(worker.master);
          continue;
        }
        const next = queues.get(worker.master)?.shift();
        if (next !== undefined) {
          worker.task = next;
          worker.progress = 0;
          // Log-normal: median 18 s, σ 1.
          worker.endsAt = now + 18_000 * Math.exp(normal());
          beat(worker, 'busy');
        }
      }
      if (now >= worker.nextBeat) {
        worker.nextBeat += 5_000;
        if (worker.nextBeat < now) worker.nextBeat = now + 5_000;
        beat(worker, worker.task === undefined ? 'idle' : 'busy');
      }
    }
    if (step % 5 === 0)
      for (const [master, queue] of queues)
        say({
          kind: 'backlog',
          stream: 'LOG',
          consumer: `work-${master}-medium`,
          master,
          pending: queue.length,
          ackPending: 0,
          redelivered: 0,
          delivered: step,
          ackFloor: step,
        });
    if (step % 2 === 0) say({ kind: 'tick' });
  }

  function finish(worker: Worker): void {
    const id = worker.task as string;
    const success = random() >= (FAILS[MASTERS.indexOf(worker.master)] as number);
    say({
      kind: 'step',
      task: id,
      step: 'settled',
      master: worker.master,
      priority: 'medium',
      revision: 2,
      settled: true,
      ...(random() < 0.05 ? { correctMaster: random() < 0.9 ? worker.master : 'cicd' } : {}),
      outcome: {
        kind: 'claim',
        task: id,
        status: success ? 'completed' : 'failed',
        success,
        worker: worker.name,
        evidence: worker.master === 'security' ? 1 : 0,
      },
    });
    worker.task = undefined;
    worker.done++;
    beat(worker, 'idle');
  }

  const workerMinutes = size * minutes;
  const all = Object.values(interventions).reduce((a, b) => a + b, 0);
  return { workerMinutes, tasks, alerts, interventions, falsePer10k: (10_000 * all) / workerMinutes };
}
