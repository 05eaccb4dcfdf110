// `cortex actions list/undo`: what was done by itself or by a person, on what grounds, and how to take it back.
import { CannotUndo, undoAct } from '@cortex/actor-watchdog';
import { type Action, actionSchema, decodeMessage } from '@cortex/schemas';
import type { Command } from 'commander';
import { Failed } from '../failures.js';
import { type BusFlags, parseCount, withBusOptions, withExample, withJsonOption } from '../options.js';
import { age, colours, note, printJson, printText, shorten } from '../output/index.js';
import { person, requireStream, withBus } from '../session.js';
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
  withExample(list, 'actions list --kind pause-master');
  withExample(undo, 'actions undo pause-master-master-security-1');
  for (const command of [list, undo]) {
    withBusOptions(command);
    withJsonOption(command);
  }
}

async function listActions(flags: Flags): Promise<void> {
  await withBus(flags, async (bus) => {
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
