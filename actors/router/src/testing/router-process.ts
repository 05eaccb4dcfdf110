// A router in a process of its own, to be killed by a test. Reads NATS_URL and its settings as JSON from the arguments.
import { connectBus, runActor, silentLogger } from '@cortex/bus';
import { routerActor } from '../actor.js';

const bus = await connectBus({ name: 'router' });
await runActor(routerActor(JSON.parse(process.argv[2] ?? '{}')), bus, { log: silentLogger });
process.send?.('ready');
