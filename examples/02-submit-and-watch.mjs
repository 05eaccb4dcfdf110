// Publishing a task with nothing but a NATS client, and watching its life. Run: node examples/02-submit-and-watch.mjs
import { connect } from '@nats-io/transport-node';

const prefix = process.env.CORTEX_PREFIX ?? 'cortex';
const nc = await connect({ servers: process.env.NATS_URL ?? 'nats://127.0.0.1:4222' });

// Everything that happens to any task, as it happens. Not stored: what you miss here is kept in the stream LOG.
const id = `example-${Date.now()}`;
const live = nc.subscribe(`${prefix}.live.>`);
await nc.flush();

// Plain text would do as well. A request instead of a publish: the answer says that it is stored.
const stored = await nc.request(
  `${prefix}.tasks.submit`,
  JSON.stringify({ id, text: 'Why is the nightly build red?' }),
);
console.log('stored:', stored.string());

for await (const msg of live) {
  const { step, task, decision, reason } = msg.json();
  if (task.id !== id) continue;
  console.log(
    step,
    decision ? `→ ${decision.master} (${decision.method}, ${decision.confidence.toFixed(2)})` : (reason ?? ''),
  );
  for (const line of (step === 'decided' && decision.explanation) || []) console.log('   ', line);
  if (step !== 'admitted') break;
}
await nc.close();
