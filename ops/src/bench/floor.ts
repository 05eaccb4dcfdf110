// What a decision cannot be faster than: the encoder pass and the hops on the bus, each bare, measured in the same run by the same process.
import { type Bus, type Delivery, pullOne } from '@cortex/bus';
import type { Encoder } from '@cortex/models';
import { quantile } from './statistics.js';
import { textOf } from './texts.js';

export interface Floor {
  /** Milliseconds, p50, of one encoder pass over a new short text; undefined without an encoder. */
  readonly encoder_ms?: number;
  /** Milliseconds, p50: a stored submit, its delivery, an ask through a memory stream with its answer, an append with compare-and-set. */
  readonly hops_ms: number;
  /** Times they were measured. */
  readonly rounds: number;
}

const N = 150;
const STREAMS = ['CORTEX_BENCH', 'CORTEX_BENCH_ASKS'] as const;

export async function measureFloor(bus: Bus, encoder: Encoder | undefined): Promise<Floor> {
  const hops = await measureHops(bus);
  if (!encoder) return { hops_ms: quantile(hops, 0.5), rounds: N };
  const passes: number[] = [];
  for (let i = 0; i < N; i++) {
    const text = `${textOf(i, 'short')} floor`;
    const began = performance.now();
    await encoder.encode([text]);
    passes.push(performance.now() - began);
  }
  return { encoder_ms: quantile(passes, 0.5), hops_ms: quantile(hops, 0.5), rounds: N };
}

async function measureHops(bus: Bus): Promise<number[]> {
  const [inlet, asks] = STREAMS;
  await bus.jsm.streams.add({ name: inlet, subjects: ['cortex-bench.>'], max_bytes: 64 * 1024 * 1024 });
  await bus.jsm.streams.add({
    name: asks,
    subjects: ['cortex-bench-ask'],
    storage: 'memory' as never,
    max_bytes: 8 * 1024 * 1024,
  });
  const durable = (stream: string, filter: string, ack: string) =>
    bus.jsm.consumers.add(stream, { durable_name: 'bench', filter_subject: filter, ack_policy: ack as never });
  await durable(inlet, 'cortex-bench.in', 'explicit');
  await durable(asks, 'cortex-bench-ask', 'none');
  const took: number[] = [];
  try {
    for (let i = 0; i < N; i++) {
      const text = textOf(i, 'short');
      const began = performance.now();
      await bus.js.publish('cortex-bench.in', text);
      const delivery = await pull(bus, inlet);
      await bus.js.publish('cortex-bench-ask', text);
      const ask = await pull(bus, asks);
      const answer = new Promise<void>((resolve) => {
        bus.nc.subscribe(`${bus.inboxPrefix}.bench.${i}`, { max: 1, callback: () => resolve() });
      });
      bus.nc.publish(`${bus.inboxPrefix}.bench.${i}`, ask.data);
      await answer;
      await bus.js.publish(`cortex-bench.log.${i}`, text, { expect: { lastSubjectSequence: 0 } });
      took.push(performance.now() - began);
      delivery.ack();
    }
  } finally {
    for (const name of STREAMS) await bus.jsm.streams.delete(name).catch(() => false);
  }
  return took;
}

/** A busy server may answer a pull that does not wait before the message is there. */
async function pull(bus: Bus, stream: string): Promise<Delivery> {
  for (let tries = 0; tries < 200; tries++) {
    const delivery = await pullOne(bus, stream, 'bench');
    if (delivery) return delivery;
  }
  throw new Error(`nothing could be pulled from ${stream}: is the server overloaded?`);
}
