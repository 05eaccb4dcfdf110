// A trainer as a process of its own, for tests that kill it. Settings come as JSON in the first argument.
import { connectBus, runActor, silentLogger } from '@cortex/bus';
import { trainerActor } from '../actor.js';
import type { TrainerSettingsInput } from '../settings.js';

const [settings = '{}', servers = ''] = process.argv.slice(2);
const bus = await connectBus({ servers, name: 'trainer' });
await runActor(trainerActor(JSON.parse(settings) as TrainerSettingsInput), bus, { log: silentLogger });
process.send?.({ instance: bus.instance });
process.once('disconnect', () => process.exit(1));
