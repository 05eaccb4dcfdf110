// What a decision cannot be faster than, measured in the same run: the bare encoder pass, and the bare hops on the bus.
import { type Bus, pullOne } from '@cortex/bus';
import type { Encoder } from '@cortex/models';
import { quantile } from '../harness/statistics.js';

export interface Floor {
  /** Milliseconds of one encoder pass over one ticket, p50. Absent without an encoder. */
  readonly encoder_ms?: number;
  /** Milliseconds of a stored publish, its delivery, a request and its answer, and another stored publish, p50. */
  readonly hops_ms: number;
}

export async function measureFloor(bus: Bus, encoder: Encoder | undefined, texts: readonly string[]): Promise<Floor> {
  const hops = await measureHops(bus, texts);
  if (!encoder) return { hops_ms: quantile(hops, 0.5) };
  const passes: number[] = [];
  for (const [i, text] of texts.entries()) {
    const started = performance.now();
    // A text of its own each time: the encoder remembers what it has seen.
    await encoder.encode([`${text} ${i}`]);
    passes.push(performance.now() - started);
  }
  return { encoder_ms: quantile(passes, 0.5), hops_ms: quantile(hops, 0.5) };
}

async function measureHops(bus: Bus, texts: readonly string[]): Promise<number[]> {
  await bus.jsm.streams.add({ name: 'FLOOR', subjects: ['floor.*'] });
  await bus.jsm.consumers.add('FLOOR', {
    durable_name: 'floor',
    filter_subject: 'floor.in',
    ack_policy: 'explicit' as never,
  });
  const echo = bus.nc.subscribe('floor-echo', { callback: (_e, msg) => void msg.respond(msg.data) });
  const took: number[] = [];
  for (const text of texts) {
    const started = performance.now();
    await bus.js.publish('floor.in', text);
    const delivery = await pullOne(bus, 'FLOOR', 'floor');
    await bus.nc.request('floor-echo', text);
    await bus.js.publish('floor.out', text);
    took.push(performance.now() - started);
    delivery?.ack();
  }
  echo.unsubscribe();
  await bus.jsm.streams.delete('FLOOR');
  return took;
}
