// `cortex actions list/undo/verify`: what was done by itself or by a person, on what grounds, how to take it back, and whether the trail is whole.
import { CannotUndo, undoAct } from '@cortex/actor-watchdog';
import { type AuditEntry, type Bus, entryOf, verifyAudit } from '@cortex/bus';
import { type Action, actionSchema, decodeMessage } from '@cortex/schemas';
import { type Command, InvalidArgumentError } from 'commander';
import { Failed } from '../failures.js';
import { type BusFlags, parseCount, withBusOptions, withExample, withJsonOption } from '../options.js';
import { age, colours, countBar, note, printJson, printText, shorten } from '../output/index.js';
import { lookAtBus, person, requireStream, withBus } from '../session.js';
import { readStored } from '../stored.js';

interface Flags extends BusFlags {
  kind?: string;
  last?: number;
  json?: boolean;
}

const SHOWN = 50;

export function addActions(program: Command): void {
  const actions = program
    .command('actions')
    .summary('what was done, on what grounds, and taking it back')
    .description(
      'The audit trail: interventions of the watchdog, promotions of models, changed settings; each with its evidence.',
    );
  withExample(actions, 'actions list', 'actions undo ID');
  const list = actions.command('list').description('The last actions, newest last.').action(listActions);
  list
    .option('--kind <kind>', 'only this kind, such as pause-master')
    .option('--last <n>', `how many (default: ${SHOWN})`, parseCount);
  const undo = actions
    .command('undo')
    .description(
      'Takes an intervention of the watchdog back: a pause, a rest, a stopped task, a changed concurrency or share.',
    )
    .argument('<id>', 'id of the action')
    .action(undoAction);
  const verify = actions
    .command('verify')
    .description(
      'Follows the chain of digests through the audit trail and names what was changed, removed or slipped in. Keep the digest it prints elsewhere: held against it later, it shows that nothing was cut off the end.',
    )
    .option('--head <sequence:digest>', 'a digest that was printed earlier', parseHead)
    .action(verifyAction);
  withExample(verify, 'actions verify', 'actions verify --head 812:9f86d081884c7d65…');
  withExample(list, 'actions list --kind pause-master');
  withExample(undo, 'actions undo pause-master-master-security-1');
  for (const command of [list, undo, verify]) {
    withBusOptions(command);
    withJsonOption(command);
  }
}

async function listActions(flags: Flags): Promise<void> {
  await lookAtBus(flags, async (bus) => {
    const found: Action[] = [];
    const filter = flags.kind === undefined ? bus.subjects.actions : bus.subjects.action(flags.kind);
    for await (const { data } of readStored(bus, 'ACTIONS', filter)) {
      try {
        found.push(decodeMessage('action', actionSchema, data));
      } catch {
        // Not an action: somebody else's message on the subject.
      }
    }
    const shown = found.slice(-(flags.last ?? SHOWN));
    if (flags.json) return printJson(shown);
    if (shown.length === 0) return note('cortex: nothing was done yet');
    const c = colours();
    for (const action of shown) {
      const failed = action.state === 'failed';
      const head = `${failed ? c.red(action.kind) : c.bold(action.kind)}${action.target ? `  ${shorten(action.target, 100)}` : ''}`;
      const how = action.state === undefined || action.state === 'done' ? '' : `, ${action.state}`;
      printText(
        [
          `${head}  ${c.dim(`${age(action.at)}, by ${action.by}${how}`)}`,
          ...(action.reason ? [`  ${shorten(action.reason, 300)}`] : []),
          ...(action.error ? [c.red(`  ${shorten(action.error, 300)}`)] : []),
          ...(action.undo ? [c.dim(`  cortex actions undo ${action.id}`)] : []),
        ].join('\n'),
      );
    }
  });
}

interface Head {
  readonly sequence: number;
  readonly digest: string;
}

function parseHead(value: string): Head {
  const [, sequence, digest] = /^(\d+):([0-9a-f]{64})$/.exec(value) ?? [];
  if (sequence === undefined || digest === undefined)
    throw new InvalidArgumentError('It is SEQUENCE:DIGEST, as "cortex actions verify" prints it.');
  return { sequence: Number(sequence), digest };
}

async function verifyAction(flags: Flags & { head?: Head }): Promise<void> {
  await lookAtBus(flags, async (bus) => {
    await requireStream(bus, 'ACTIONS');
    const { messages } = (await bus.jsm.streams.info(bus.subjects.stream('ACTIONS'))).state;
    const bar = countBar('reading the trail', messages, 'actions');
    const report = await verifyAudit(counted(entries(bus), bar), flags.head?.sequence);
    const breaks = [...report.breaks];
    if (flags.head && report.at !== flags.head.digest)
      breaks.push({
        sequence: flags.head.sequence,
        subject: bus.subjects.actions,
        why: report.at === undefined ? 'is gone' : 'is not what it was when its digest was kept',
      });
    if (flags.json) printJson({ ...report, breaks });
    else if (breaks.length === 0)
      printText(
        report.entries === 0
          ? 'nothing was done yet'
          : `${report.entries} actions, ${report.first} to ${report.last}, none changed, removed or slipped in\n  keep: ${report.last}:${report.head}`,
      );
    else printText(breaks.map((b) => `action ${b.sequence} (${b.subject}) ${b.why}`).join('\n'));
    if (breaks.length > 0)
      throw new Failed(`the audit trail is not whole: ${breaks.length} of ${report.entries} actions`);
  });
}

async function* counted<T>(all: AsyncIterable<T>, seen: (n: number) => void): AsyncGenerator<T> {
  let n = 0;
  for await (const one of all) {
    seen(++n);
    yield one;
  }
}

async function* entries(bus: Bus): AsyncGenerator<AuditEntry> {
  for await (const { sequence, subject, data, headers } of readStored(bus, 'ACTIONS', bus.subjects.actions))
    yield entryOf({ seq: sequence, subject, data, ...(headers ? { header: headers } : {}) });
}

async function undoAction(id: string, flags: Flags): Promise<void> {
  await withBus(flags, async (bus) => {
    await requireStream(bus, 'ACTIONS');
    try {
      const act = await undoAct(bus, id, person());
      if (flags.json) return printJson(act);
      printText(`${act.kind} ${act.target} is taken back`);
    } catch (error) {
      if (error instanceof CannotUndo) throw new Failed(error.message);
      throw error;
    }
  });
}
