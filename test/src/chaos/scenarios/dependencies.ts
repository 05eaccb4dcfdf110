// 6. What the system can do without is away: router (with its encoder), predictor, vectors, collector, language model.
import { createServer } from 'node:net';
import { runLlmWorker } from '@cortex/actor-worker';
import { deadLettersOf, silentLogger, watchPresence } from '@cortex/bus';
import { freePort, until } from '@cortex/bus/testing';
import { readLog } from '../../harness/ledger.js';
import { readingBrain } from '../../llm/brain.js';
import { startOpenAi } from '../../llm/openai-server.js';
import { nothingLostOrTwice } from '../ledger.js';
import { exactly, holds, type Scenario, seconds, sleep } from '../scenario.js';
import { MASTERS, openStage } from '../stage.js';

export const dependencies: Scenario = {
  number: 6,
  name: 'dependencies away',
  fault:
    'router killed, predictor held, Milvus and LLM away, collector that swallows everything; all at once, for 20 s and for 5 min',
  pass: 'routing goes on, 0 in DEAD, the degraded state is shown, LLM tasks are done once it is back',
  quick: 'away once, for 12 s',
  async run(run) {
    const aways = run.quick ? [12_000] : [20_000, 300_000];
    const [plain, alsoPlain, thinking] = [MASTERS[1], MASTERS[2], MASTERS[0]];
    // Takes connections and never answers: worse than none.
    const collector = createServer(() => undefined);
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    const address = collector.address();
    const otlp = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
    const milvus = `127.0.0.1:${await freePort()}`;
    const model = await startOpenAi(readingBrain);
    const stage = await openStage(run);
    const { bus } = stage;
    try {
      const telemetry = { OTEL_SDK_DISABLED: 'false', OTEL_EXPORTER_OTLP_ENDPOINT: otlp };
      stage.actor('coordinator', telemetry);
      const router = stage.actor('router', telemetry);
      const predictor = stage.actor('predictor');
      stage.actor('librarian', { MILVUS_URL: milvus });
      for (const master of [plain, alsoPlain]) stage.worker(master);
      const llm = await runLlmWorker({
        master: thinking,
        bus: await stage.connect('worker'),
        log: silentLogger,
        llm: { baseUrl: model.url, model: 'scripted-1', cache: false },
      });
      await stage.ready(['coordinator', 'router', 'predictor', 'librarian', 'worker', 'worker']);
      const presence = watchPresence(bus);
      let number = 0;
      let slowest = 0;
      let recoveredMs = 0;
      let shown = '';
      const answered = new Map<string, number>();
      for (const ms of aways) {
        model.think(() => ({ fail: { status: 503 } }));
        await router.kill();
        predictor.signal('SIGSTOP');
        const until_ = Date.now() + ms;
        const thoughts = [number++, number++].map((i) => ({
          id: `llm ${i}`,
          text: 'How often does it retry?',
          master: thinking,
        }));
        for (const task of thoughts) {
          await stage.submit(task);
          answered.set(task.id, 0);
        }
        while (Date.now() < until_) {
          const began = Date.now();
          const before = await stage.settled();
          const ids = Array.from({ length: 10 }, () => number++);
          for (const i of ids)
            await stage.submit({ id: `task ${i}`, text: `${i % 2 ? plain : alsoPlain} work number ${i}` });
          await until(
            'a wave to be done without them',
            async () => (await stage.settled()) >= before + ids.length,
            60_000,
          );
          slowest = Math.max(slowest, Date.now() - began);
          await sleep(500);
        }
        shown ||= presence
          .list()
          .filter(({ state }) => state === 'degraded')
          .map(({ actor, detail }) => `${actor}: ${detail}`)
          .join('; ');
        model.think(readingBrain);
        router.restart();
        predictor.signal('SIGCONT');
        const back = Date.now();
        await stage.drained(180_000);
        recoveredMs = Math.max(recoveredMs, Date.now() - back);
      }
      presence.close();
      await llm.stop(1_000);
      const log = await readLog(bus);
      const tally = stage.ledger.count(log);
      const without = [...log.values()].filter((entries) =>
        entries.some(({ record }) =>
          /no router is running|router did not answer/.test(record.decision?.explanation.join(' ') ?? ''),
        ),
      );
      const dead = await deadLettersOf(bus);
      const done = [...answered.keys()].filter((id) =>
        log.get(id)?.some(({ record }) => record.step === 'settled' && record.outcome?.worker !== 'cortex'),
      );
      return {
        counts: {
          published: tally.published,
          settled: tally.settled,
          decided_without_router: without.length,
          llm_tasks: answered.size,
        },
        recoveredMs,
        checks: [
          ...nothingLostOrTwice({ ...tally, invented: [] }),
          holds(
            'none in DEAD',
            dead.length === 0,
            dead.length === 0 ? 'yes' : `${dead.length}, such as: ${dead[0]?.reason}`,
          ),
          seconds('slowest wave of 10 tasks meanwhile', slowest, 20_000),
          holds('decisions say that the router was away', without.length > 0, String(without.length)),
          holds('an actor shows that it is degraded', shown !== '', shown.slice(0, 100) || 'none does'),
          exactly('LLM tasks that ended with what the model said', done.length, answered.size),
          seconds('all done after they came back', recoveredMs, 60_000),
        ],
      };
    } finally {
      await stage.close();
      await model.close();
      collector.close();
    }
  },
};
