// `cortex import`: the files of an older, file-based installation become training data.
import { access } from 'node:fs/promises';
import { relative } from 'node:path';
import type { Command } from 'commander';
import type { Quarantined } from '../../import/collect.js';
import { trainingFolder } from '../../up/home.js';
import { Failed, WrongInput } from '../failures.js';
import { withExample, withJsonOption } from '../options.js';
import { colours, note, plural, printJson, printText, progressBar, table } from '../output/index.js';

interface Flags {
  out?: string;
  json?: boolean;
}

/** Broken places shown one by one; all of them are in the quarantine files. */
const SHOWN = 20;

export function addImport(program: Command): void {
  const command = program
    .command('import')
    .summary("older Cortex installations' files in")
    .description(
      'Reads files of older, file-based installations (routing events, coordinator logs, task queues, hand-offs, worker specifications, metrics, training examples, golden sets, events, traces, registries; JSON lines, pretty-printed or wrapped, perhaps .gz) and keeps them as training data. Folders are searched. Broken places are named by file, line and reason; credentials are left out. Importing a file twice changes nothing.',
    )
    .argument('<file...>', 'files or folders')
    .option('--out <folder>', 'folder of training data (default: CORTEX_TRAINING_DATA, else the one of this home)')
    .action(importAll);
  withJsonOption(command);
  withExample(command, 'import coordination/', 'import routing-decisions.jsonl --json');
}

async function importAll(paths: string[], flags: Flags): Promise<void> {
  for (const path of paths) {
    await access(path).catch((error: NodeJS.ErrnoException) => {
      throw new WrongInput(path, error.code === 'ENOENT' ? 'there is no such file or folder' : error.message);
    });
  }
  const { importFiles } = await import('../../import/run.js');
  const progress = progressBar();
  const quarantined: Quarantined[] = [];
  const shown = (what: Quarantined) => {
    if (quarantined.length < 10_000) quarantined.push(what);
  };
  const result = await importFiles(paths, {
    folder: flags.out ?? trainingFolder(),
    onQuarantined: shown,
    onProgress: progress,
  });
  progress('writing', 1);
  if (flags.json) printJson({ ...result, quarantine: quarantined.map(({ text: _text, ...where }) => where) });
  else printSummary(result, quarantined);
  if (result.records === 0)
    throw new Failed(
      result.files === 0
        ? `nothing to import: ${result.notes[0] ?? 'no file was named'}`
        : `nothing could be imported from ${plural(result.files, 'file')}: every document was put aside, with its reason, in ${relative('', result.folder) || '.'}/imported`,
    );
}

function printSummary(
  result: Awaited<ReturnType<typeof import('../../import/run.js')['importFiles']>>,
  quarantined: readonly Quarantined[],
): void {
  const c = colours();
  const rows = Object.entries(result.forms).sort((a, b) => b[1] - a[1]);
  if (rows.length > 0)
    printText(
      table(
        ['form', 'documents'],
        rows.map(([form, n]) => [form, String(n)]),
      ),
    );
  printText(
    `${plural(result.records, 'record')} from ${plural(result.files, 'file')}: ${plural(result.added, 'new row')} in ${result.folder}` +
      (result.added === 0 && result.records > 0 ? ' (imported before)' : ''),
  );
  const { real = 0, test = 0, generated = 0 } = result.provenance;
  if (test + generated > 0)
    printText(`${real} real, ${test} from tests, ${generated} generated: only real ones train a model`);
  if (result.duplicates > 0) printText(`${plural(result.duplicates, 'duplicate')} left out`);
  if (result.conflicts > 0)
    printText(c.yellow(`${plural(result.conflicts, 'record')} contradict others and are marked`));
  if (result.redacted > 0) printText(`${plural(result.redacted, 'credential')} left out`);
  if (result.quarantined > 0) {
    printText(c.yellow(`${plural(result.quarantined, 'document')} put aside:`));
    for (const { file, line, reason } of quarantined.slice(0, SHOWN)) printText(`  ${file}:${line}  ${reason}`);
    if (result.quarantined > SHOWN) printText(`  … ${result.quarantined - SHOWN} more in ${result.folder}/imported`);
  }
  for (const text of result.notes) note(`cortex: ${text}`);
}
