// A deployer as a process of its own, for tests that kill it: `node deployer-process.js SERVERS SETTINGS`.
import { connectBus, runActor, silentLogger } from '@cortex/bus';
import { deployerActor } from '../actor.js';

const [, , servers = '', settings = '{}'] = process.argv;
const bus = await connectBus({ servers, name: 'deployer', waitMs: 0 });
await runActor(deployerActor(JSON.parse(settings)), bus, { log: silentLogger });
