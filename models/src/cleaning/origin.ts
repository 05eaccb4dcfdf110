// Whether rows come from real work. Pure. The one thing to know: real clocks do not tick at the same microsecond, and real people do not write
// the same few sentences hundreds of times; what a row says of itself counts first.
import { momentOf, type Origin, type RawRow, sameText } from './rows.js';

/** `test-1`, `demo_task`, `ci/sample42`: how it begins. Not `latest`, `testing`, nor `fix-test-7`: work about tests is work. */
const TEST_NAME = /(?:^|[:/])(?:tests?|demo|dummy|example|sample|fake|mock|lorem)(?:[^a-z]|$)/i;
/** From here on a fraction that never changes is no accident, even at a thousand values: (1/1000)^19. */
const CLOCK_ROWS = 20;
const FEW_ROWS = 200;
/** Share of distinct texts, numbers left out, below which somebody's rows are made from a template. */
const FEW_TEXTS = 0.02;

export interface Judged {
  readonly origin: Origin;
  readonly detail: string;
}

/** One verdict a row, in their order. Rows are judged together with the others of their sayer. */
export function originsOf(rows: readonly RawRow[]): Judged[] {
  const verdicts: Judged[] = rows.map(bySelf);
  const groups = new Map<string, number[]>();
  rows.forEach((row, i) => {
    if (verdicts[i]?.origin !== 'real') return;
    const group = groups.get(row.sayer ?? '') ?? [];
    group.push(i);
    groups.set(row.sayer ?? '', group);
  });
  for (const [sayer, indices] of groups) {
    const of = sayer === '' ? '' : ` of ${sayer}`;
    const timed = indices.filter((i) => fractionOf(rows[i]?.at) !== undefined);
    const fractions = new Set(timed.map((i) => fractionOf(rows[i]?.at)));
    const moments = new Set(timed.map((i) => momentOf(rows[i]?.at ?? 0)));
    // One moment for all is a batch written at once; the same fraction at different moments is a made-up clock.
    if (timed.length >= CLOCK_ROWS && fractions.size === 1 && moments.size >= CLOCK_ROWS) {
      const detail = `all ${timed.length} rows${of} carry the same fraction of a second, .${[...fractions][0]}`;
      for (const i of timed) verdicts[i] = { origin: 'generated', detail };
    }
    if (indices.length < FEW_ROWS) continue;
    const shapes = new Set(indices.map((i) => shapeOf(rows[i]?.text ?? '')));
    if (shapes.size / indices.length < FEW_TEXTS) {
      const detail = `${indices.length} rows${of} have only ${shapes.size} different texts`;
      for (const i of indices) if (verdicts[i]?.origin === 'real') verdicts[i] = { origin: 'generated', detail };
    }
  }
  return verdicts;
}

function bySelf(row: RawRow): Judged {
  if (row.provenance === 'test' || row.provenance === 'generated')
    return { origin: row.provenance, detail: `it says of itself that it is ${row.provenance}` };
  if (row.task !== undefined && TEST_NAME.test(row.task)) return { origin: 'test', detail: `its id is ${row.task}` };
  return { origin: 'real', detail: '' };
}

/** The digits behind the second, without zeros at the end; undefined when there are none: whole seconds say nothing. */
function fractionOf(at: number | string | undefined): string | undefined {
  if (at === undefined) return undefined;
  const digits =
    typeof at === 'number'
      ? String(Math.abs(Math.trunc(at)) % 1_000).padStart(3, '0')
      : (/:\d\d[.,](\d+)/.exec(at)?.[1] ?? '');
  return digits.replace(/0+$/, '') || undefined;
}

/** A text without its numbers: what is left of a template. */
function shapeOf(text: string): string {
  return sameText(text).replace(/[0-9a-f-]*\d[0-9a-f-]*/g, '#');
}
