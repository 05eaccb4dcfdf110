// `cortex outcome ID`: reports how a task went, and says whether the report was taken.
import { type Bus, publish, taskLog, withMessagingSpan } from '@cortex/bus';
import {
  canonicalMaster,
  checkMessage,
  EVENT_TYPES,
  OUTCOME_STATUSES,
  type Outcome,
  type OutcomeStatus,
  outcomeSchema,
  SPAN_KEYS,
} from '@cortex/schemas';
import { type Command, Option } from 'commander';
import { Failed } from '../failures.js';
import {
  type BusFlags,
  parseAmount,
  parseCount,
  parseShare,
  parseYesNo,
  withBusOptions,
  withExample,
  withJsonOption,
} from '../options.js';
import { printJson, printText, shorten } from '../output/index.js';
import { person, requireStream, withBus } from '../session.js';
import { taskId } from '../task-id.js';
import { knownMaster } from './correct.js';

interface Flags extends BusFlags {
  status: OutcomeStatus;
  success?: boolean;
  minutes?: number;
  tokens?: number;
  cost?: number;
  quality?: number;
  error?: string;
  correctMaster?: string;
  master?: string;
  worker?: string;
  attempt?: number;
  json?: boolean;
}

const PATIENCE_MS = 3_000;

export function addOutcome(program: Command): void {
  const command = program
    .command('outcome')
    .summary('report how a task went')
    .description('Reports how a task went. A task is settled once; a later report changes nothing.')
    .argument('<id>', 'id of the task')
    .addOption(new Option('--status <status>', 'how it ended').choices(OUTCOME_STATUSES).makeOptionMandatory())
    .option('--success <true|false>', 'whether the goal was reached (default: status is completed)', parseYesNo)
    .option('--minutes <n>', 'minutes of work', parseAmount)
    .option('--tokens <n>', 'LLM tokens spent', parseAmount)
    .option('--cost <usd>', 'what it cost, in US dollars', parseAmount)
    .option('--quality <0..1>', 'how good the result is', parseShare)
    .option('--error <text>', 'what went wrong')
    .option('--correct-master <name>', 'which master it should have gone to: the strongest label there is')
    .option('--master <name>', 'whose worker did it (default: the one it was decided for)')
    .option('--worker <name>', 'who did it (default: you)')
    .option('--attempt <n>', 'delivery count of the work message', parseCount);
  withBusOptions(command);
  withJsonOption(command);
  withExample(
    command,
    'outcome t-1 --status completed --minutes 14 --quality 0.9',
    'outcome t-2 --status failed --error "tests are red"',
  );
  command.action(outcome);
}

async function outcome(given: string, flags: Flags): Promise<void> {
  const id = taskId(given);
  await withBus(flags, async (bus) => {
    await requireStream(bus, 'OUTCOMES');
    const log = taskLog(bus);
    const before = await log.last(id);
    if (!before) throw new Failed(`no task "${shorten(id, 80)}" is in the log: check the id`);
    const master = canonicalMaster(flags.master ?? before.record.decision?.master ?? '');
    if (master === '')
      throw new Failed(`${id} is not decided yet, so nobody can have done it: "cortex task" shows where it stands`);
    const correct =
      flags.correctMaster === undefined ? undefined : await knownMaster(bus, flags.correctMaster, '--correct-master');
    const claim: Outcome = checkMessage('outcome', outcomeSchema, {
      task: id,
      status: flags.status,
      master,
      worker: flags.worker ?? person(),
      finished_at: new Date().toISOString(),
      ...defined({
        success: flags.success,
        minutes: flags.minutes,
        tokens: flags.tokens,
        cost_usd: flags.cost,
        quality: flags.quality,
        error: flags.error,
        correct_master: correct,
        attempt: flags.attempt,
      }),
    });
    const subject = bus.subjects.outcome(master);
    await withMessagingSpan(
      {
        operation: 'send',
        template: `${bus.subjects.prefix}.outcomes`,
        destination: subject,
        attributes: { [SPAN_KEYS.taskId]: id, [SPAN_KEYS.outcomeStatus]: claim.status },
      },
      () => publish(bus, subject, claim, { type: EVENT_TYPES.outcome }),
    );
    const { state, taken } = await verdict(bus, id, claim, before.sequence, before.record.settled_as !== undefined);
    if (flags.json) return printJson({ task: id, state, taken, claim });
    printText(
      taken
        ? `${id} is settled: ${claim.status}`
        : state === 'reported'
          ? `${id}: reported; nobody has taken it yet (is a coordinator running? "cortex doctor" tells)`
          : `${id} was ${state} already: this report changes nothing`,
    );
  });
}

const defined = (fields: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

async function verdict(
  bus: Bus,
  id: string,
  claim: Outcome,
  after: number,
  ended: boolean,
): Promise<{ state: string; taken: boolean }> {
  const log = taskLog(bus);
  const end = Date.now() + (ended ? 500 : PATIENCE_MS);
  do {
    const settled = (await log.history(id)).find(({ record }) => record.settled_as !== undefined);
    if (settled) {
      const mine = settled.sequence > after && settled.record.outcome?.finished_at === claim.finished_at;
      return { state: settled.record.settled_as ?? 'settled', taken: mine };
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  } while (Date.now() < end);
  return { state: 'reported', taken: false };
}
