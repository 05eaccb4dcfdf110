// A process of its own that pauses masters one after the other, to be killed in the middle of it.
// Arguments: names as JSON, address of the bus. Says `pausing` when it begins.
import { connectBus, openMasters, silentLogger, taskLog } from '@cortex/bus';
import { openJournal } from '../journal.js';
import { createMender } from '../mend/mender.js';

const [names = '[]', servers = ''] = process.argv.slice(2);
const bus = await connectBus({ servers, name: 'watchdog', waitMs: 10_000 });
const hands = { bus, tasks: taskLog(bus), masters: await openMasters(bus) };
const mender = createMender(hands, await openJournal(bus), silentLogger);
process.send?.('pausing');
for (const master of JSON.parse(names) as string[])
  await mender.mend({
    id: `pause-${master}`,
    kind: 'pause-master',
    target: `master:${master}`,
    reason: 'it fails',
    args: { master },
  });
process.send?.('done');
