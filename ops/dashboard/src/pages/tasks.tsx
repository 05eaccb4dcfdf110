// All tasks in view, newest change first; what arrives does not move the list while somebody reads further down.
import { signal } from '@preact/signals';
import { useMemo, useRef } from 'preact/hooks';
import { count, moment, ms, percent } from '../lib/format.js';
import { now, tasks, tasksLoaded, tasksVersion } from '../lib/live.js';
import { query, setQuery, taskPath } from '../lib/router.js';
import { Badge, Empty, MasterName, Page, Share } from '../ui/parts.js';
import { Cell, Rows } from '../ui/rows.js';
import type { TaskRow } from '../wire.js';

/** The order somebody reads in: ids as they were when the top was left; undefined at the top. */
const held = signal<readonly string[] | undefined>(undefined);

const WAYS: Readonly<Record<string, { name: string; fits: (row: TaskRow) => boolean }>> = {
  open: { name: 'Open', fits: (row) => !['settled', 'cancelled', 'expired'].includes(row.state) && !row.review },
  asks: { name: 'Asks a person', fits: (row) => row.review && row.state === 'decided' },
  succeeded: { name: 'Succeeded', fits: (row) => row.success === true },
  failed: { name: 'Failed', fits: (row) => row.success === false },
  corrected: { name: 'Corrected', fits: (row) => row.corrected !== null && row.corrected !== row.master },
  cancelled: { name: 'Cancelled or expired', fits: (row) => row.state === 'cancelled' || row.state === 'expired' },
};

const METHODS = ['ensemble', 'rule', 'fallback', 'pinned', 'explore', 'human'];

export function TasksPage() {
  tasksVersion.value;
  const q = query.value.get('q') ?? '';
  const state = query.value.get('state') ?? '';
  const master = query.value.get('master') ?? '';
  const method = query.value.get('method') ?? '';
  const all = order();
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = all.filter(
    (row) =>
      (state === '' || WAYS[state]?.fits(row)) &&
      (master === '' || row.master === master) &&
      (method === '' || row.method === method) &&
      words.every(
        (word) =>
          row.text.toLowerCase().includes(word) || row.id.toLowerCase().includes(word) || row.master.includes(word),
      ),
  );
  const masters = useMemo(
    () =>
      [
        ...new Set([
          ...(now.value?.masters ?? []).map((m) => m.master),
          ...[...tasks.values()].map((row) => row.master),
        ]),
      ]
        .filter(Boolean)
        .sort(),
    [now.value?.masters.length, tasks.size],
  );
  const newer = held.value === undefined ? 0 : tasks.size === 0 ? 0 : newerThan(held.value);
  const box = useRef<HTMLDivElement>(null);
  const filtered = q !== '' || state !== '' || master !== '' || method !== '';
  return (
    <Page title="Tasks" about={`${count(shown.length)} of ${count(tasks.size)} tasks in view`}>
      <div class="filters">
        <label class="grow">
          <span class="hidden">Search in text, id and master</span>
          <input
            data-search
            type="search"
            placeholder="Search text, id, master… ( / )"
            value={q}
            onInput={(event) => setQuery({ q: event.currentTarget.value })}
            onKeyDown={(event) => {
              if (event.key === 'ArrowDown') box.current?.querySelector<HTMLElement>('.rows-body a')?.focus();
            }}
          />
        </label>
        <Choice
          name="state"
          label="State"
          value={state}
          options={Object.entries(WAYS).map(([key, { name }]) => [key, name])}
        />
        <Choice name="master" label="Master" value={master} options={masters.map((one) => [one, one])} />
        <Choice name="method" label="Decided by" value={method} options={METHODS.map((one) => [one, one])} />
        {filtered && (
          <button
            type="button"
            class="button plain"
            onClick={() => setQuery({ q: '', state: '', master: '', method: '' })}
          >
            Clear
          </button>
        )}
      </div>
      {held.value !== undefined && newer > 0 && (
        <button
          type="button"
          class="button newer"
          onClick={() => {
            held.value = undefined;
            box.current?.querySelector('.rows-body')?.scrollTo({ top: 0 });
          }}
        >
          {count(newer)} changed since: back to the top
        </button>
      )}
      <div ref={box} class="tasks-box" onKeyDown={moveFocus}>
        {shown.length === 0 ? (
          <Nothing filtered={filtered} clear={() => setQuery({ q: '', state: '', master: '', method: '' })} />
        ) : (
          <Rows
            class="tasks"
            label="Tasks"
            items={shown}
            height={38}
            columns={['Changed', 'State', 'Task', 'Master', 'Sure', 'By', 'Time']}
            keyOf={(row) => row.id}
            onAway={(away) => {
              if (away && held.value === undefined) held.value = all.map((row) => row.id);
              if (!away) held.value = undefined;
            }}
            row={(row) => <TaskCells row={row} />}
          />
        )}
      </div>
    </Page>
  );
}

function TaskCells({ row }: { row: TaskRow }) {
  return (
    <>
      <Cell class="num soft">{moment(row.at)}</Cell>
      <Cell>
        <Badge {...stateBadge(row)} />
      </Cell>
      <Cell class="cut">
        <a href={taskPath(row.id)} class="cut" title={row.id}>
          {row.text || row.id}
        </a>
      </Cell>
      <Cell>
        <MasterName name={row.master} />
        {row.corrected !== null && row.corrected !== row.master && <span class="small soft"> → {row.corrected}</span>}
      </Cell>
      <Cell>
        {row.confidence === null ? (
          <span class="soft">–</span>
        ) : (
          <Share value={row.confidence} label={percent(row.confidence)} />
        )}
      </Cell>
      <Cell class="soft">{row.method}</Cell>
      <Cell class="num soft">{ms(row.latency_ms)}</Cell>
    </>
  );
}

export function stateBadge(row: TaskRow): { word: string; tone?: string } {
  if (row.success === false) return { word: 'failed', tone: 'bad' };
  if (row.success === true) return { word: 'done', tone: 'good' };
  if (row.review && row.state === 'decided') return { word: 'asks', tone: 'warn' };
  return { word: row.state };
}

function order(): TaskRow[] {
  const ids = held.value;
  if (ids === undefined) return [...tasks.values()].reverse();
  return ids.flatMap((id) => tasks.get(id) ?? []);
}

function newerThan(ids: readonly string[]): number {
  const [first] = ids;
  let n = 0;
  const all = [...tasks.keys()];
  for (let i = all.length - 1; i >= 0 && all[i] !== first; i--) n++;
  return n;
}

function Choice(props: {
  name: string;
  label: string;
  value: string;
  options: readonly (readonly [string, string])[];
}) {
  return (
    <label>
      <span class="hidden">{props.label}</span>
      <select value={props.value} onChange={(event) => setQuery({ [props.name]: event.currentTarget.value })}>
        <option value="">{props.label}: all</option>
        {props.options.map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Up and down (or k and j) go from task to task. */
function moveFocus(event: KeyboardEvent): void {
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  const link = (event.target as Element).closest('.rows-body a');
  if (step === undefined || !link) return;
  const links = [...(link.closest('.rows-body')?.querySelectorAll<HTMLElement>('a') ?? [])];
  const next = links[links.indexOf(link as HTMLElement) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

function Nothing({ filtered, clear }: { filtered: boolean; clear: () => void }) {
  if (!tasksLoaded.value) return <p class="loading">Reading the log…</p>;
  if (filtered && tasks.size > 0)
    return (
      <Empty title="No task fits">
        <button type="button" class="button plain" onClick={clear}>
          Show all
        </button>
      </Empty>
    );
  return (
    <Empty title="No task yet">
      <p>Publish plain text or JSON from any NATS client, or from a terminal:</p>
      <pre>npx cortex submit "Scan the payments repo for CVE-2026-1234" --wait</pre>
    </Empty>
  );
}
