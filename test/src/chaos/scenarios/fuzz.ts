// 7. Rubbish on every public subject, with hostile headers, and good tasks among it.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bus, eventHeaders, followStream, silentLogger } from '@cortex/bus';
import { until } from '@cortex/bus/testing';
import { deadLetterSchema, decodeMessage, EVENT_TYPES } from '@cortex/schemas';
import { fuzzedPayloads, seeded } from '../../fuzz/payloads.js';
import { nothingLostOrTwice } from '../ledger.js';
import { readMemory, residentMiB, tellingMemory } from '../memory.js';
import { atMost, type Check, exactly, holds, type Scenario } from '../scenario.js';
import { MASTERS, openStage, plainTask } from '../stage.js';

/** For the dead letters of 600,000 payloads, bytes. */
const ROOM = 12 * 1024 ** 3;

/** How often an actor collects its garbage and says what is left, milliseconds. */
const COLLECTED_MS = 10_000;

const HOSTILE: readonly (readonly [string, string])[] = [
  ['Nats-Rollup', 'all'],
  ['Nats-TTL', '1s'],
  ['Nats-Expected-Last-Sequence', '0'],
  ['traceparent', '00-zz-zz-zz'],
  ['tracestate', 'x'.repeat(4_000)],
  ['ce-type', 'cortex.log'],
  ['ce-id', '../../etc/passwd'],
  ['Nats-Msg-Id', 'x'.repeat(4_000)],
];

export const fuzz: Scenario = {
  number: 7,
  name: 'fuzz',
  fault:
    'fuzzed payloads on every public subject (random bytes, cut JSON, wrong types, 1 MB, deep nesting, `__proto__`, bad UTF-8), hostile headers',
  pass: '0 crashes, 0 stuck, each stored one is refused once with a reason or carried out, good tasks are done; memory in use grows ≤ 5 % in the second half',
  quick: '400 a subject instead of 100,000; memory is printed and not judged',
  async run(run) {
    const each = run.quick ? 400 : 100_000;
    const stage = await openStage(run);
    const { bus } = stage;
    try {
      const actors = run.quick ? ['coordinator', 'watchdog'] : ['coordinator', 'watchdog', 'recorder', 'deployer'];
      const file = join(run.folder, 'memory.jsonl');
      for (const name of actors) stage.actor(name, run.quick ? {} : tellingMemory(file, COLLECTED_MS));
      for (const master of MASTERS) await stage.insideWorker(master);
      await stage.ready([...actors, ...MASTERS.map(() => 'worker')]);
      const { subjects } = bus;
      // Every letter is kept whole, many of a megabyte: the usual gibibyte holds ninety thousand of these, and then what is refused waits for a person to make room.
      if (!run.quick) await bus.jsm.streams.update(subjects.stream('DEAD'), { max_bytes: ROOM });
      const targets = {
        submit: subjects.submit,
        cancel: subjects.cancel,
        outcomes: subjects.outcome('security'),
        answers: subjects.reviewsAnswered,
        telemetry: subjects.telemetry('fuzz'),
        unknown: `${subjects.prefix}.tasks.unknown`,
      };
      const random = seeded(run.seed);
      let sent = 0;
      let refusedByServer = 0;
      let good = 0;
      const flood = async (count: number, seed: number) => {
        for (const subject of Object.values(targets)) {
          const payloads = fuzzedPayloads(seed + sent, count);
          for (let at = 0; at < payloads.length; at += 50) {
            await Promise.all(
              payloads.slice(at, at + 50).map(async ({ payload }, k) => {
                const headers = eventHeaders({ type: EVENT_TYPES.taskSubmit, source: '/fuzz' });
                if (random.below(5) === 0) headers.set(...random.pick(HOSTILE));
                // A few as large as the server takes.
                const bytes = (at + k) % 200 === 199 ? new Uint8Array(1_000_000).fill(payload[0] ?? 123) : payload;
                sent++;
                await bus.js.publish(subject, bytes, { headers, timeout: 30_000 }).catch(() => refusedByServer++);
              }),
            );
            if ((at / 50) % 8 === 0) await stage.submit(plainTask(good++));
          }
        }
      };
      const idle = async () => {
        for (const stream of ['TASKS', 'OUTCOMES', 'REVIEWS']) {
          const info = await bus.jsm.consumers.info(stream, 'coordinator');
          if (info.num_pending + info.num_ack_pending > 0) return false;
        }
        return true;
      };
      const resident = () => Math.max(...stage.children.map((child) => residentMiB(child.pid())));
      /** Of all actors, after the next collection of garbage in each. */
      const inUse = async () => {
        if (run.quick) return Number.NaN;
        await sleep(2 * COLLECTED_MS);
        const last = new Map(readMemory(file).map(({ pid, thread, live }) => [`${pid}/${thread}`, live / 1_048_576]));
        return [...last.values()].reduce((a, b) => a + b, 0);
      };
      await flood(each / 2, run.seed);
      // Claims of unknown tasks wait a minute for them before they are given up.
      await until('the first half to be worked off', idle, 1_800_000);
      const half = { resident: resident(), inUse: await inUse() };
      await flood(each / 2, run.seed + 1);
      await until('the second half to be worked off', idle, 1_800_000);
      const end = { resident: resident(), inUse: await inUse() };
      await stage.drained(60_000);
      const letters = await countLetters(bus);
      const tally = await stage.ledger.tally(bus);
      const judged: Check[] = run.quick
        ? []
        : [
            atMost(
              'growth of the memory in use in the second half',
              (100 * (end.inUse - half.inUse)) / half.inUse,
              5,
              ' %',
            ),
          ];
      return {
        counts: {
          fuzzed: sent,
          refused_by_the_server: refusedByServer,
          dead_letters: letters.count,
          good_tasks: tally.published,
          ...(run.quick ? {} : { in_use_mib: `${Math.round(half.inUse)} then ${Math.round(end.inUse)}` }),
          largest_resident_mib: `${Math.round(half.resident)} then ${Math.round(end.resident)}`,
        },
        checks: [
          exactly('crashes', stage.children.filter((child) => child.crashes() > 0 || !child.alive()).length, 0),
          holds('each refused once', letters.ids.size === letters.count),
          holds('each with a reason', letters.reasoned === letters.count),
          ...nothingLostOrTwice(tally),
          ...judged,
        ],
      };
    } finally {
      await stage.close();
    }
  },
};

/** One after the other: half a million of them are gigabytes. */
async function countLetters(bus: Bus): Promise<{ count: number; ids: Set<string>; reasoned: number }> {
  const found = { count: 0, ids: new Set<string>(), reasoned: 0, last: 0 };
  const reading = followStream(bus, bus.subjects.stream('DEAD'), undefined, silentLogger, ({ data, seq }) => {
    found.last = seq;
    const { id, reason } = decodeMessage('dead letter', deadLetterSchema, data);
    found.count++;
    found.ids.add(id);
    if (reason.length > 3) found.reasoned++;
  });
  const { last_seq } = (await bus.jsm.streams.info(bus.subjects.stream('DEAD'))).state;
  await until('all letters to be read', () => found.last >= last_seq, 600_000);
  reading.stop();
  return found;
}
