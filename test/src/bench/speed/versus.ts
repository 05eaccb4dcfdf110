// `npm run bench:versus -- --against CHECKOUT`: two builds side by side, in turns; what the newer one costs of the older one.
import { type TextLength, textOf } from '@cortex/ops';
import { optionsOf } from '../../harness/options.js';
import { quantile } from '../../harness/statistics.js';
import { decide, type Figures, openSide, ratioOf } from './side.js';

const values = optionsOf(
  'npm run bench:versus',
  {
    against: { type: 'string' },
    rounds: { type: 'string', default: '8' },
    tasks: { type: 'string', default: '250' },
    under: { type: 'string', default: '16' },
    text: { type: 'string', default: 'short' },
    /** So many different texts; with fewer than tasks the router remembers. */
    texts: { type: 'string', default: '1000000' },
    actors: { type: 'string', default: 'trainer=0,recorder=0,librarian=0' },
  },
  ['rounds', 'tasks', 'under', 'texts'],
);
if (values.against === undefined) {
  process.stderr.write('--against FOLDER: a built checkout of the other version\n');
  process.exit(2);
}
const { actors } = values;
const before = { side: await openSide({ actors, checkout: values.against }), figures: [] as Figures[], sent: 0 };
const after = { side: await openSide({ actors }), figures: [] as Figures[], sent: 0 };
try {
  // The first turn warms up: code is compiled, caches fill.
  for (let round = 0; round <= Number(values.rounds); round++)
    for (const one of round % 2 === 0 ? [before, after] : [after, before]) {
      const figures = await decide(one.side, {
        tasks: Number(values.tasks),
        under: Number(values.under),
        text: () => textOf(one.sent++ % Number(values.texts), values.text as TextLength),
      });
      if (round > 0) one.figures.push(figures);
    }
  console.log('| what | before | after | after / before, median of turns | middle half |\n|---|---|---|---|---|');
  const row = (what: string, key: string) => {
    const [old, now] = [before, after].map(({ figures }) => figures.map((f) => f[key] ?? Number.NaN)) as [
      number[],
      number[],
    ];
    const { ratio, low, high } = ratioOf(now, old);
    console.log(
      `| ${what} | ${quantile(old, 0.5).toFixed(2)} | ${quantile(now, 0.5).toFixed(2)} | **${ratio.toFixed(2)}** | ${low.toFixed(2)}–${high.toFixed(2)} |`,
    );
  };
  row('processor of the actors, ms a decision', 'actors');
  row('processor of nats-server, ms a decision', 'nats');
  row('decisions a second', 'per_second');
  row('p50, ms', 'p50_ms');
} finally {
  await before.side.close();
  await after.side.close();
}
