// What no message says: how deep the streams are, how far behind each consumer is, who is there. Measured every few seconds.
import type { Bus, Presence } from '@cortex/bus';
import { STREAM_NAMES } from '@cortex/schemas';

export type Sample = readonly [name: string, value: number];

/** One measurement of the whole system. A stream that cannot be asked is left out. */
export async function takeSamples(bus: Bus, presence: Presence): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const name of STREAM_NAMES) {
    const stream = bus.subjects.stream(name);
    try {
      const { state } = await bus.jsm.streams.info(stream);
      samples.push([`stream.${name}.messages`, state.messages], [`stream.${name}.bytes`, state.bytes]);
      const work = new Map<string, number>();
      for await (const consumer of bus.jsm.consumers.list(stream)) {
        const behind = consumer.num_pending + consumer.num_ack_pending;
        const master = /^work-(.+)-(?:critical|high|medium|low)$/.exec(consumer.name)?.[1];
        if (master !== undefined) work.set(master, (work.get(master) ?? 0) + behind);
        else if (consumer.config.durable_name) samples.push([`consumer.${name}.${consumer.name}.behind`, behind]);
      }
      for (const [master, behind] of work) samples.push([`work.${master}.behind`, behind]);
    } catch {
      // Missing here means missing in the data: doctor and presence say why.
    }
  }
  const actors = new Map<string, { ready: number; all: number }>();
  for (const { actor, state } of presence.list()) {
    const seen = actors.get(actor) ?? { ready: 0, all: 0 };
    seen.all++;
    if (state === 'ready') seen.ready++;
    actors.set(actor, seen);
  }
  for (const [actor, { ready, all }] of actors)
    samples.push([`actor.${actor}.replicas`, all], [`actor.${actor}.ready`, ready]);
  return samples;
}
