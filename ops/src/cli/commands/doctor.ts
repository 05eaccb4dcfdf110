// `cortex doctor`: what is there, what is missing, what to do.
import type { Command } from 'commander';
import { type Check, fail } from '../doctor/check.js';
import { type Look, looking } from '../doctor/looking.js';
import { checkMachine } from '../doctor/machine.js';
import { checkParts, checkPermissions } from '../doctor/parts.js';
import { doctorScreen } from '../doctor/screen.js';
import { checkSystem } from '../doctor/system.js';
import { EXIT, explainFailure } from '../failures.js';
import { type BusAddress, type BusFlags, busAddress, withBusOptions, withExample, withJsonOption } from '../options.js';
import { colours, lastLine, printJson, printText } from '../output/index.js';
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
  const { look, text } = looking(Date.now());
  const bar = lastLine(() => text(Date.now()));
  const { checks, unreachable } = await examine(flags, address, look).finally(bar.stop);
  const failed = checks.some((check) => check.verdict === 'fail');
  if (flags.json) printJson({ ok: !failed, checks });
  else printText(doctorScreen(checks, colours()));
  process.exitCode = unreachable ? EXIT.unreachable : failed ? EXIT.failed : EXIT.done;
}

async function examine(
  flags: Flags,
  address: BusAddress,
  look: Look,
): Promise<{ checks: Check[]; unreachable: boolean }> {
  const machine = Promise.all([checkMachine(look), checkParts(look)]);
  let reached: () => void = () => undefined;
  void look(
    'bus',
    new Promise<void>((resolve) => {
      reached = resolve;
    }),
  );
  let unreachable = false;
  const system = await lookAtBus(
    flags,
    async (bus) => {
      reached();
      return [...(await checkSystem(bus, look)), await look('permissions', checkPermissions(bus, address.creds))];
    },
    { waitMs: 3_000 },
  ).catch((error: unknown): Check[] => {
    const { line, exitCode } = explainFailure(error);
    unreachable = exitCode === EXIT.unreachable;
    const [found = line, ...advice] = line.split(': ');
    return [fail('bus', found, advice.join(': ') || `look at ${address.servers}`)];
  });
  return { checks: [...(await machine).flat(), ...system], unreachable };
}
