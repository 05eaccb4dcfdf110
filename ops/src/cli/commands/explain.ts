// `cortex explain ID`: why a task went where it went, in words.
import type { Command } from 'commander';
import { Failed } from '../failures.js';
import { type BusFlags, withBusOptions, withExample, withJsonOption } from '../options.js';
import { colours, note, printJson, printText, ranked, whatIf, whyText } from '../output/index.js';
import { lookAtBus } from '../session.js';
import { taskId } from '../task-id.js';
import { lifeOf, stateOf } from './task.js';

interface Flags extends BusFlags {
  json?: boolean;
}

export function addExplain(program: Command): void {
  const command = program
    .command('explain')
    .summary('why a task went where it went, with its trace id')
    .description("Explains the decision in force: every expert's vote, how close it was, and the trace to look at.")
    .argument('<id>', 'id of the task');
  withBusOptions(command);
  withJsonOption(command);
  withExample(command, 'explain t-1');
  command.action(explain);
}

async function explain(given: string, flags: Flags): Promise<void> {
  const id = taskId(given);
  await lookAtBus(flags, async (bus) => {
    const records = await lifeOf(bus, id);
    // Later records keep the decision without its votes.
    const decided =
      records.findLast((record) => record.step === 'decided' && record.decision) ??
      records.findLast((record) => record.decision);
    const state = stateOf(records);
    if (!decided?.decision) {
      const why = { cancelled: 'it was cancelled before', expired: 'it expired before' }[state];
      throw new Failed(
        `${id} has no decision: ${why ?? 'it is admitted and waits (is a coordinator running? "cortex doctor" tells)'}`,
      );
    }
    const { decision } = decided;
    const text = records.find((record) => record.task.text !== undefined)?.task.text;
    const correction = records.findLast((record) => record.correction)?.correction;
    if (flags.json) {
      const runners = ranked(decision.probabilities).filter(([master]) => master !== decision.master);
      return printJson({
        task: id,
        state,
        ...(text === undefined ? {} : { text }),
        master: decision.master,
        confidence: decision.confidence,
        method: decision.method,
        candidates: decision.candidates,
        explanation: decision.explanation,
        experts: decision.experts,
        runners_up: runners.slice(0, 5).map(([master, probability]) => ({ master, probability })),
        what_if: whatIf(decision),
        ...(decision.trace_id ? { trace_id: decision.trace_id } : {}),
        ...(correction ? { correction } : {}),
        decision,
      });
    }
    printText(whyText(decision, text, colours()));
    if (correction && correction.master !== decision.master)
      note(`cortex: since then ${correction.by ?? 'somebody'} said it belongs to ${correction.master}`);
  });
}
