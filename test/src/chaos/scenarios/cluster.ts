// 13. A cluster of three with three copies of everything: the leader of the log is killed, then a node is cut off.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { coordinatorActor } from '@cortex/actor-coordinator';
import { until } from '@cortex/bus/testing';
import { type Cluster, loopbackCluster, type Node, namespaceCluster } from '../cluster.js';
import { countsOf, nothingLostOrTwice } from '../ledger.js';
import { CannotHere, type Check, exactly, holds, type Run, type Scenario, seconds, sleep } from '../scenario.js';
import { MASTERS, openStage, type Stage } from '../stage.js';

const REPLICAS = 3;
const PUBLISH_ONCE = fileURLToPath(new URL('../publish-once.js', import.meta.url));

export const cluster: Scenario = {
  number: 13,
  name: 'cluster',
  fault: 'leader of LOG killed -9; then one node of three cut off (network namespaces)',
  pass: '0 lost, 0 applied twice, no gap without acknowledgements longer than 10 s, the node cut off refuses, copies stay 3',
  quick:
    '1 leader kill instead of 3, cut off for 8 s instead of 30, 10 tasks a second; the gap may be 20 s on a busy machine',
  async run(run) {
    let here: Cluster;
    let namespaces = true;
    try {
      here = await namespaceCluster(run.folder);
    } catch (error) {
      if (!(error instanceof CannotHere) || process.env.CORTEX_REQUIRE_ALL === '1') throw error;
      run.say(error.message);
      namespaces = false;
      here = await loopbackCluster(run.folder);
    }
    try {
      return await play(run, here, namespaces);
    } finally {
      await here.stop();
    }
  },
};

async function play(run: Run, here: Cluster, namespaces: boolean) {
  const kills = run.quick ? 1 : 3;
  const rate = run.quick ? 10 : 30;
  const cutMs = run.quick ? 8_000 : 30_000;
  const stage = await openStage(run, { url: here.url, provision: { replicas: REPLICAS } });
  try {
    for (let i = 0; i < 2; i++) await stage.inside(coordinatorActor());
    for (const master of MASTERS) await stage.insideWorker(master);
    await stage.ready(['coordinator', 'coordinator', ...MASTERS.map(() => 'worker')], 180_000);
    const gap = watchGap(stage);
    const checks: Check[] = [];
    let running = true;
    let count = 0;
    const loading = (async () => {
      const flights: Promise<void>[] = [];
      // Whoever publishes does not wait for others: with one who does, its own time-outs would be measured.
      for (; running; await sleep(1_000 / rate)) {
        const master = MASTERS[count % MASTERS.length] as string;
        flights.push(stage.submit({ id: `task ${count++}`, text: `${master} work` }));
      }
      await Promise.all(flights);
    })();
    for (let i = 0; i < kills; i++) {
      await sleep(3_000);
      const leader = await leaderOf(stage, here);
      await leader.server.kill();
      await sleep(4_000);
      await leader.server.restart();
      await until('all copies to be current', () => current(stage), 60_000);
    }
    if (namespaces) {
      const leader = await leaderOf(stage, here);
      await leader.cut(true);
      await sleep(cutMs / 2);
      checks.push(holds('the node that was cut off refuses', await refuses(leader)));
      await sleep(cutMs / 2);
      await leader.cut(false);
      await until('all copies to be current', () => current(stage), 60_000);
    }
    running = false;
    const ended = Date.now();
    await loading;
    await stage.drained(120_000);
    const recoveredMs = Date.now() - ended;
    const longest = gap.stop();
    const tally = await stage.ledger.tally(stage.bus);
    const log = await stage.bus.jsm.streams.info('LOG');
    return {
      counts: { ...countsOf(tally), kills, cut_off: namespaces ? 1 : 'not possible here' },
      recoveredMs,
      checks: [
        ...nothingLostOrTwice(tally),
        seconds('longest time without an acknowledgement', longest, run.quick ? 20_000 : 10_000),
        ...checks,
        exactly('copies of LOG', log.config.num_replicas, REPLICAS),
      ],
    };
  } finally {
    await stage.close();
  }
}

async function leaderOf(stage: Stage, here: Cluster): Promise<Node> {
  return until('a leader of LOG', async () => {
    const info = await stage.bus.jsm.streams.info('LOG').catch(() => undefined);
    return here.nodes.find(({ name }) => name === info?.cluster?.leader);
  });
}

/** Whether both other copies of LOG have all that the leader has. */
async function current(stage: Stage): Promise<boolean> {
  const info = await stage.bus.jsm.streams.info('LOG').catch(() => undefined);
  const copies = info?.cluster?.replicas ?? [];
  return copies.length === REPLICAS - 1 && copies.every((copy) => copy.current && !copy.offline);
}

/** A publish at the node itself, from inside its own network: the only place from which it can be reached now. */
async function refuses(node: Node): Promise<boolean> {
  const inside = ['netns', 'exec', node.namespace ?? '', process.execPath, PUBLISH_ONCE, node.server.url];
  const { stdout } = await promisify(execFile)('ip', inside);
  return stdout.trim() === 'refused';
}

/** The longest time between two acknowledgements. */
function watchGap(stage: Stage) {
  let longest = 0;
  let last = Date.now();
  let seen = stage.ledger.acked.size;
  const timer = setInterval(() => {
    if (stage.ledger.acked.size > seen) {
      seen = stage.ledger.acked.size;
      last = Date.now();
    }
    longest = Math.max(longest, Date.now() - last);
  }, 50);
  return {
    stop() {
      clearInterval(timer);
      return longest;
    },
  };
}
