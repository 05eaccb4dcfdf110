// A recorder alone in a process, for tests that kill it: `node recorder-process.js URL SETTINGS-AS-JSON`.
import { connectBus, runActor, silentLogger } from '@cortex/bus';
import { recorderActor } from '../actor.js';

const [servers = '', settings = '{}'] = process.argv.slice(2);
const bus = await connectBus({ servers, name: 'recorder' });
await runActor(recorderActor(JSON.parse(settings)), bus, { log: silentLogger });
