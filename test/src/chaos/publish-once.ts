// One publish at one server, from wherever this process is started: prints `stored` or `refused`.
import { connectBus } from '@cortex/bus';

const bus = await connectBus({ servers: process.argv[2] ?? '', name: 'minority', waitMs: 5_000 });
const task = JSON.stringify({ text: 'published at a node that was cut off' });
const stored = await bus.js.publish(bus.subjects.submit, task, { timeout: 2_000 }).then(
  () => true,
  () => false,
);
console.log(stored ? 'stored' : 'refused');
process.exit(0);
