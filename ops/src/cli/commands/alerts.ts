// `cortex alerts list`: what is wrong now, what was done about it, and what is over.
import { type Alert, alertSchema, decodeMessage, SEVERITIES } from '@cortex/schemas';
import { type Command, Option } from 'commander';
import { type BusFlags, withBusOptions, withExample, withJsonOption } from '../options.js';
import { age, colours, note, printJson, printText, shorten } from '../output/index.js';
import { lookAtBus } from '../session.js';
import { readStored } from '../stored.js';

interface Flags extends BusFlags {
  all?: boolean;
  severity?: (typeof SEVERITIES)[number];
  json?: boolean;
}

export function addAlerts(program: Command): void {
  const alerts = program
    .command('alerts')
    .summary('what is wrong, and what was done about it')
    .description(
      'Faults that the watchdog sees: workers that hang or vanish, queues that grow, masters that fail, and so on.',
    );
  withExample(alerts, 'alerts list');
  const list = alerts.command('list').description('Alerts that are open now, worst first.').action(listAlerts);
  list.option('--all', 'those that are over too');
  list.addOption(new Option('--severity <severity>', 'only this severity').choices([...SEVERITIES]));
  withBusOptions(list);
  withJsonOption(list);
  withExample(list, 'alerts list', 'alerts list --all --json');
}

/** The last word about each alert, in the order of their first. */
export function lastWords(messages: readonly Alert[]): Alert[] {
  const byId = new Map<string, Alert>();
  for (const alert of messages) byId.set(alert.id, alert);
  return [...byId.values()];
}

async function listAlerts(flags: Flags): Promise<void> {
  await lookAtBus(flags, async (bus) => {
    const messages: Alert[] = [];
    for await (const { data } of readStored(bus, 'ALERTS', bus.subjects.alerts)) {
      try {
        messages.push(decodeMessage('alert', alertSchema, data));
      } catch {
        // Somebody else's message on the subject.
      }
    }
    const rank = (alert: Alert) => SEVERITIES.indexOf(alert.severity);
    const shown = lastWords(messages)
      .filter((alert) => flags.all || alert.status !== 'resolved')
      .filter((alert) => flags.severity === undefined || alert.severity === flags.severity)
      .sort((a, b) => rank(b) - rank(a) || (a.at < b.at ? 1 : -1));
    if (flags.json) return printJson(shown);
    if (shown.length === 0) return note('cortex: nothing is wrong that the watchdog would see');
    const c = colours();
    for (const alert of shown) {
      const over = alert.status === 'resolved';
      const paint = over ? c.dim : alert.severity === 'critical' ? c.red : c.yellow;
      printText(
        [
          `${paint(alert.severity)}  ${shorten(alert.summary, 200)}`,
          c.dim(
            `  ${alert.kind}, ${over ? `over since ${age(alert.at)}` : `since ${age(alert.starts_at ?? alert.at)}`}, ${alert.id}`,
          ),
          ...(alert.cause ? [`  ${shorten(alert.cause, 300)}`] : []),
          ...(alert.action ? [c.green(`  done: ${shorten(alert.action, 300)}`)] : []),
          ...(alert.task ? [c.dim(`  cortex explain ${shorten(alert.task, 80)}`)] : []),
        ].join('\n'),
      );
    }
  });
}
