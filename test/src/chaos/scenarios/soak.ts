// 20. Half load for long: memory, handles and subscriptions must not grow with time.
import { freePort } from '@cortex/bus/testing';
import { countsOf, nothingLostOrTwice } from '../ledger.js';
import { handles, residentMiB, slope } from '../memory.js';
import { atMost, type Check, exactly, type Scenario, sleep } from '../scenario.js';
import { MASTERS, openStage, plainTask } from '../stage.js';

export const soak: Scenario = {
  number: 20,
  name: 'soak',
  fault: 'half load for a long time (CHAOS_SOAK_MINUTES, default 60)',
  pass: 'slope of memory ≤ 1 % an hour in the second half, handles and subscriptions constant',
  quick: '20 s, slopes printed and not judged: so short a run measures a young process growing up',
  async run(run) {
    const minutes = run.quick ? 1 / 3 : Number(process.env.CHAOS_SOAK_MINUTES ?? 60);
    const perSecond = run.quick ? 20 : 40;
    const monitor = await freePort();
    const stage = await openStage(run, { serverArgs: ['-m', String(monitor)] });
    try {
      const processes = [
        stage.actor('coordinator'),
        stage.actor('router'),
        ...MASTERS.map((master) => stage.worker(master)),
      ];
      await stage.ready(['coordinator', 'router', ...MASTERS.map(() => 'worker')]);
      const points = new Map(processes.map((child) => [child, [] as [number, number][]]));
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
        for (const [child, list] of points) list.push([hours(), residentMiB(child.pid())]);
      }
      await stage.drained(60_000);
      await sleep(1_000);
      const half = minutes / 120;
      const checks: Check[] = [];
      const slopes: Record<string, string> = {};
      for (const [child, list] of points) {
        const late = list.filter(([at]) => at > half);
        const percent = (100 * slope(late)) / (late[0]?.[1] ?? 1);
        slopes[`${child.name}_percent_an_hour`.replaceAll(' ', '_')] = percent.toFixed(1);
        if (!run.quick) checks.push(atMost(`memory of ${child.name}, an hour`, percent, 1, ' %'));
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
          exactly('subscriptions gained', gained, 0),
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
