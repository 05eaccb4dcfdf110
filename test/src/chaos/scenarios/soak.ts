// 20. Half load for long: memory, handles and subscriptions must not grow with time.
// The one thing to know: what is judged is the memory in use after collections of garbage; the resident one is told beside it.
import { join } from 'node:path';
import { freePort } from '@cortex/bus/testing';
import { countsOf, nothingLostOrTwice } from '../ledger.js';
import { handles, readMemory, slope, tellingMemory } from '../memory.js';
import { atMost, type Check, type Scenario, sleep } from '../scenario.js';
import { MASTERS, openStage, plainTask } from '../stage.js';

export const soak: Scenario = {
  number: 20,
  name: 'soak',
  fault: 'half load for a long time (CHAOS_SOAK_MINUTES, default 60)',
  pass: 'slope of the memory in use ≤ 1 % an hour after the first quarter of an hour (of runs under half an hour: in the second half), handles and subscriptions constant in the second half',
  quick: '20 s, slopes printed and not judged: so short a run measures a young process growing up',
  async run(run) {
    const minutes = run.quick ? 1 / 3 : Number(process.env.CHAOS_SOAK_MINUTES ?? 60);
    const perSecond = run.quick ? 20 : 40;
    const monitor = await freePort();
    const stage = await openStage(run, { serverArgs: ['-m', String(monitor)] });
    try {
      const file = join(run.folder, 'memory.jsonl');
      const env = {
        ...tellingMemory(file, run.quick ? 2_000 : 20_000),
        // What earlier runs left there would make the first texts cheap, and the later ones a change in the middle of the run.
        CORTEX_CACHE: join(run.folder, 'cache'),
      };
      const processes = [
        stage.actor('coordinator', env),
        stage.actor('router', env),
        ...MASTERS.map((master) => stage.worker(master, undefined, env)),
      ];
      await stage.ready(['coordinator', 'router', ...MASTERS.map(() => 'worker')]);
      const began = Date.now();
      const hours = () => (Date.now() - began) / 3_600_000;
      let count = 0;
      // Taken at half time: at the beginning some things are made when they are first needed.
      let fdsBefore: number[] | undefined;
      let subscriptionsBefore = 0;
      while (hours() * 60 < minutes) {
        await stage.load(perSecond, perSecond, () => plainTask(count++));
        if (fdsBefore === undefined && hours() * 120 > minutes) {
          fdsBefore = processes.map((child) => handles(child.pid()));
          subscriptionsBefore = await subscriptions(monitor);
        }
      }
      await stage.drained(60_000);
      await sleep(1_000);
      const checks: Check[] = [];
      const slopes: Record<string, string> = {};
      const grownUp = began + Math.min(minutes / 2, 15) * 60_000;
      const memory = readMemory(file).filter(({ at }) => at > grownUp);
      for (const child of processes) {
        const ofProcess = memory.filter(({ pid }) => pid === child.pid());
        for (const number of [...new Set(ofProcess.map(({ thread }) => thread))].sort((x, y) => x - y)) {
          const late = ofProcess.filter(({ thread }) => thread === number);
          const percent = (of: 'live' | 'resident') => {
            const { perUnit, standardError } = slope(late.map((point) => [(point.at - began) / 3_600_000, point[of]]));
            const part = 100 / (late[0]?.[of] ?? Number.NaN);
            return { slope: part * perUnit, twiceError: 2 * part * standardError };
          };
          const [live, resident] = [percent('live'), percent('resident')];
          // Its shape: a leak goes on, a memory with a bound fills up.
          const quarters = [0, 1, 2, 3].map((quarter) => {
            const part = late.slice((quarter * late.length) / 4, ((quarter + 1) * late.length) / 4);
            return (part.reduce((sum, { live: bytes }) => sum + bytes, 0) / part.length / 1_048_576).toFixed(2);
          });
          const name = number === 0 ? child.name : `${child.name} thread ${number}`;
          slopes[`${name}_in_use`] =
            `${quarters.join(', ')} MiB in each quarter, ${live.slope.toFixed(2)} ± ${live.twiceError.toFixed(2)} % an hour, resident ${resident.slope.toFixed(1)} %`;
          if (!run.quick) checks.push(atMost(`memory in use of ${name}, an hour`, live.slope, 1, ' %'));
        }
      }
      const fdsAfter = processes.map((child) => handles(child.pid()));
      // Before the ledger reads the log, which subscribes too.
      const gained = (await subscriptions(monitor)) - subscriptionsBefore;
      const tally = await stage.ledger.tally(stage.bus);
      return {
        counts: { ...countsOf(tally), minutes: Math.round(minutes * 10) / 10, ...slopes },
        checks: [
          ...nothingLostOrTwice(tally),
          ...checks,
          // A few come and go: files being read, a connection being looked up.
          atMost('most handles gained by a process', Math.max(...fdsAfter.map((n, i) => n - (fdsBefore?.[i] ?? 0))), 5),
          atMost('subscriptions gained', gained, 0),
        ],
      };
    } finally {
      await stage.close();
    }
  },
};

async function subscriptions(monitorPort: number): Promise<number> {
  const page = await fetch(`http://127.0.0.1:${monitorPort}/subsz`);
  return ((await page.json()) as { num_subscriptions: number }).num_subscriptions;
}
