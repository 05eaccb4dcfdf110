// A made repository with facts in it: each stands once, in a file of a size that files have, among text that speaks of similar things.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Fact {
  readonly question: string;
  readonly answer: string;
  readonly file: string;
}

const PARTS = [
  'courier',
  'ledger',
  'turbine',
  'orchard',
  'harbour',
  'kiln',
  'beacon',
  'quarry',
  'loom',
  'granary',
  'viaduct',
  'foundry',
];
const FILLER = [
  'It was written when the second site was opened and has been kept since.',
  'Whoever changes this tells the people on duty, in writing, a day before.',
  'Measurements are taken each morning and compared with those of last week.',
  'The older machines are replaced one after the other, never two at once.',
  'What is not listed here is decided by whoever is on duty that night.',
  'A drawing of the whole hangs in the entrance, beside the fire plan.',
];

function factsOf(part: string, at: number): { statement: string; question: string; answer: string; code: boolean }[] {
  return [
    {
      statement: `The ${part} waits ${31 + at * 3} seconds before another attempt is made.`,
      question: `How many seconds waits the ${part} before another attempt?`,
      answer: `${31 + at * 3} seconds`,
      code: false,
    },
    {
      statement: `export const MAXIMUM_PARCELS_OF_${part.toUpperCase()} = ${200 + at * 11}; // maximum parcels the ${part} holds`,
      question: `What is the maximum of parcels the ${part} holds?`,
      answer: String(200 + at * 11),
      code: true,
    },
  ];
}

/** Writes the repository, commits it, and says what may be asked. */
export function makeCorpus(root: string): Fact[] {
  const facts: Fact[] = [];
  PARTS.forEach((part, at) => {
    for (const fact of factsOf(part, at)) {
      const file = fact.code ? `src/${part}/limits.ts` : `docs/${part}.md`;
      const text = fact.code ? codeFile(part, fact.statement, at) : docFile(part, fact.statement, at);
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
      facts.push({ question: fact.question, answer: fact.answer, file });
    }
  });
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', root, '-c', 'user.name=t', '-c', 'user.email=t@t', ...args]);
  git('init', '-q');
  git('add', '-A');
  git('commit', '-qm', 'start');
  return facts;
}

function docFile(part: string, statement: string, seed: number): string {
  const sections = [
    'Purpose',
    'Timing',
    'People',
    'Repairs',
    'History',
    'Safety',
    'Supplies',
    'Records',
    'Visitors',
    'Winter',
  ];
  return sections
    .map((section, i) => {
      const filler = Array.from(
        { length: 9 },
        (_, k) => `${FILLER[(seed + i + k) % FILLER.length]} (${part}, ${section.toLowerCase()} ${k + 1})`,
      );
      return `# ${section} of the ${part}\n\n${[...filler.slice(0, 4), ...(section === 'Timing' ? [statement] : []), ...filler.slice(4)].join('\n')}\n`;
    })
    .join('\n');
}

function codeFile(part: string, statement: string, seed: number): string {
  const functions = Array.from({ length: 14 }, (_, i) =>
    [
      `/** Step ${i + 1} of the ${part}: ${FILLER[(seed + i) % FILLER.length]} */`,
      `export function ${part}Step${i + 1}(parcels: readonly number[]): number {`,
      '  let sum = 0;',
      `  for (const parcel of parcels) sum += parcel * ${i + 2};`,
      `  return sum % ${97 + i};`,
      '}',
      '',
    ].join('\n'),
  );
  return [...functions.slice(0, 6), statement, '', ...functions.slice(6)].join('\n');
}
