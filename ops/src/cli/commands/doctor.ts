// `cortex doctor`: what is there, what is missing, what to do.
import type { Command } from 'commander';
import { type Check, fail } from '../doctor/check.js';
import { checkMachine } from '../doctor/machine.js';
import { checkParts, checkPermissions } from '../doctor/parts.js';
import { doctorScreen } from '../doctor/screen.js';
import { checkSystem } from '../doctor/system.js';
import { EXIT, explainFailure } from '../failures.js';
import { type BusFlags, busAddress, withBusOptions, withExample, withJsonOption } from '../options.js';
import { colours, printJson, printText } from '../output/index.js';
import { lookAtBus } from '../session.js';

interface Flags extends BusFlags {
  json?: boolean;
}

export function addDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .summary('what is there, what is missing, what to do')
    .description(
      'Looks at this machine and at the bus; changes nothing. Exit code 0: nothing fails; 1: something does; 3: the bus is not reachable.',
    );
  withBusOptions(command);
  withJsonOption(command);
  withExample(command, 'doctor', 'doctor --json --nats nats://bus.example.org:4222');
  command.action(doctor);
}

async function doctor(flags: Flags): Promise<void> {
  const address = busAddress(flags);
  const machine = Promise.all([checkMachine(), checkParts()]);
  let unreachable = false;
  const system = await lookAtBus(
    flags,
    async (bus) => [...(await checkSystem(bus)), await checkPermissions(bus, address.creds)],
    { waitMs: 3_000 },
  ).catch((error: unknown): Check[] => {
    const { line, exitCode } = explainFailure(error);
    unreachable = exitCode === EXIT.unreachable;
    const [found = line, ...advice] = line.split(': ');
    return [fail('bus', found, advice.join(': ') || `look at ${address.servers}`)];
  });
  const checks = [...(await machine).flat(), ...system];
  const failed = checks.some((check) => check.verdict === 'fail');
  if (flags.json) printJson({ ok: !failed, checks });
  else printText(doctorScreen(checks, colours()));
  process.exitCode = unreachable ? EXIT.unreachable : failed ? EXIT.failed : EXIT.done;
}
