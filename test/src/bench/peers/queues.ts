// The bus part beside what else moves jobs from one process to another: a job is added, handled by a worker that does nothing, and its end is
// seen by who added it. Cortex does more on that way (a decision, its record, priorities, a fence, the settled record), and the table says so.
import { spawn } from 'node:child_process';
import { workerActor } from '@cortex/actor-worker';
import { type Bus, publish, runActor, silentLogger } from '@cortex/bus';
import { freePort, until } from '@cortex/bus/testing';
import { decodeMessage, EVENT_TYPES, logRecordSchema } from '@cortex/schemas';
import { quantile } from '../../harness/statistics.js';
import type { Side } from '../speed/side.js';
import { bullMq, redisVersion } from './provide.js';

export interface QueueFigures {
  readonly per_second: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
}

/** One way of moving jobs: `add` resolves when the job's end was seen. */
export interface JobQueue {
  readonly name: string;
  add(id: number): Promise<void>;
  close(): Promise<void>;
}

/** `jobs` of them, so many under way. */
export async function measure(queue: JobQueue, jobs: number, under: number, from: number): Promise<QueueFigures> {
  const took: number[] = [];
  let next = from;
  const began = performance.now();
  const one = async () => {
    while (next < from + jobs) {
      const at = performance.now();
      await queue.add(next++);
      took.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: under }, one));
  const seconds = (performance.now() - began) / 1_000;
  return { per_second: jobs / seconds, p50_ms: quantile(took, 0.5), p99_ms: quantile(took, 0.99) };
}

/** Resolves who waits for an end, by number or id. */
function ends<K>() {
  const waiting = new Map<K, () => void>();
  return {
    wait: (key: K) => new Promise<void>((resolve) => waiting.set(key, resolve)),
    seen(key: K) {
      waiting.get(key)?.();
      waiting.delete(key);
    },
  };
}

/** @param fsync when Redis writes its log to disk: `everysec`, or `always` before it answers. */
export async function bullQueue(folder: string, fsync: 'everysec' | 'always'): Promise<JobQueue> {
  const redis = await redisVersion();
  const { Queue, Worker, version } = await bullMq();
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes'];
  const server = spawn('redis-server', [...args, '--appendfsync', fsync, '--save', ''], { stdio: 'ignore' });
  const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };
  const finished = ends<number>();
  const worker = new Worker('bench', async () => 'done', { connection, concurrency: 32 });
  worker.on('completed', (job) => finished.seen(job.data.id));
  await worker.waitUntilReady();
  const queue = new Queue('bench', { connection });
  return {
    name: `BullMQ ${version} on Redis ${redis}, appendfsync ${fsync}`,
    async add(id) {
      const end = finished.wait(id);
      await queue.add('job', { id }, { removeOnComplete: true });
      await end;
    },
    async close() {
      await queue.close();
      await worker.close();
      const gone = new Promise((resolve) => server.on('exit', resolve));
      server.kill('SIGTERM');
      await gone;
    },
  };
}

/** A stream and a pull consumer, acknowledged one by one: what one would write by hand. */
export async function bareConsumer(bus: Bus): Promise<JobQueue> {
  const stream = 'BENCH_JOBS';
  await bus.jsm.streams.add({ name: stream, subjects: ['bench.jobs.*'], retention: 'workqueue' as never });
  await bus.jsm.consumers.add(stream, { durable_name: 'w', ack_policy: 'explicit' as never });
  const consumer = await bus.js.consumers.get(stream, 'w');
  const finished = ends<number>();
  const messages = await consumer.consume({ max_messages: 32 });
  const working = (async () => {
    for await (const message of messages) {
      message.ack();
      finished.seen(Number(message.subject.split('.').at(-1)));
    }
  })();
  return {
    name: 'a bare JetStream consumer',
    async add(id) {
      const end = finished.wait(id);
      await bus.js.publish(`bench.jobs.${id}`, JSON.stringify({ id }), { msgID: `bench-${id}` });
      await end;
    },
    async close() {
      await messages.close();
      await working;
      await bus.jsm.streams.delete(stream);
    },
  };
}

/** The whole of Cortex: stored, decided from memory, delivered, done, settled. */
export async function cortexQueue({ bus }: Side, connect: () => Promise<Bus>): Promise<JobQueue> {
  const finished = ends<string>();
  const subscription = bus.nc.subscribe(bus.subjects.live('settled'), {
    callback: (_, message) => finished.seen(decodeMessage('log record', logRecordSchema, message.data).task.id),
  });
  const master = 'development';
  const worker = await runActor(
    workerActor({ name: 'bench-worker', master, concurrency: 32, handle: () => undefined }),
    await connect(),
    { log: silentLogger },
  );
  await until('the worker', () => worker.state() === 'ready', 30_000);
  const run = Math.random().toString(36).slice(2, 8);
  return {
    name: 'Cortex: stored, decided from memory, delivered, done, settled',
    async add(n) {
      const id = `${run}-${n}`;
      const end = finished.wait(id);
      const task = { id, text: 'Fix the flaky login test', master };
      await publish(bus, bus.subjects.submit, task, { type: EVENT_TYPES.taskSubmit, id });
      await end;
    },
    async close() {
      await worker.drain(5_000);
      subscription.unsubscribe();
    },
  };
}
