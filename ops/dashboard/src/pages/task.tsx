// One task: where it went and why in the first screen, then its life, its trace, and what came of it.
import { useEffect, useState } from 'preact/hooks';
import { act } from '../lib/api.js';
import { ago, moment, ms } from '../lib/format.js';
import { useList } from '../lib/list.js';
import { now, tasks, tasksVersion } from '../lib/live.js';
import { route } from '../lib/router.js';
import { Act, Badge, Dialog, Facts, MasterName, Page, Trouble } from '../ui/parts.js';
import type { TaskLife } from '../wire.js';
import { OutcomeView } from './task/outcome.js';
import { Steps } from './task/steps.js';
import { Trace } from './task/trace.js';
import { Why } from './task/why.js';

export function TaskPage() {
  const id = route.value.rest;
  const { data: life, error, again } = useList<TaskLife>(`/api/task?id=${encodeURIComponent(id)}`);
  // Its row changes when a record is added: then the whole life is read again.
  tasksVersion.value;
  const at = tasks.get(id)?.at;
  useEffect(again, [at]);
  // Spans arrive a moment after the decision.
  const young = life !== undefined && life.spans.length === 0 && life.decision?.trace_id !== undefined;
  useEffect(() => {
    if (!young) return;
    const timers = [600, 1_500, 4_000].map((wait) => setTimeout(again, wait));
    return () => timers.forEach(clearTimeout);
  }, [young, again]);
  if (!life)
    return (
      <Page title={id}>
        <a href="/tasks">← All tasks</a>
        {error === undefined ? <p class="loading">Reading its records…</p> : <Trouble text={error} />}
      </Page>
    );
  return (
    <Page title={id} tools={<Tools life={life} done={again} />}>
      <p class="crumbs">
        <a href="/tasks">← All tasks</a>
      </p>
      <Head life={life} />
      {error !== undefined && <Trouble text={error} />}
      <Why life={life} />
      <div class="two">
        <Steps records={life.records} />
        <OutcomeView life={life} />
      </div>
      <Trace life={life} />
    </Page>
  );
}

function Head({ life }: { life: TaskLife }) {
  const { task, at } = life.records[0] ?? { task: undefined, at: '' };
  const labels = Object.entries((task?.labels as Record<string, string> | undefined) ?? {});
  const failed = life.state === 'settled' && life.records.at(-1)?.outcome?.success === false;
  const extra = (name: string) => (typeof task?.[name] === 'string' ? (task[name] as string) : undefined);
  return (
    <section class="panel task-head" aria-label="The task">
      <p class="task-text">{life.text ?? <span class="soft">its text is not kept any more</span>}</p>
      <Facts
        rows={[
          ['State', <Badge key="s" word={failed ? 'failed' : life.state} />],
          ['Priority', task?.priority ?? '–'],
          ['Came', `${moment(at)} (${ago(at)})`],
          ...(extra('source') ? ([['From', extra('source')]] as const) : []),
          ...(extra('repository') ? ([['Repository', extra('repository')]] as const) : []),
          ...(extra('deadline') ? ([['Deadline', moment(extra('deadline') ?? '')]] as const) : []),
          ...(labels.length > 0 ? ([['Labels', labels.map(([k, v]) => `${k}: ${v}`).join(', ')]] as const) : []),
          ...(life.decision ? ([['Decided in', ms(life.decision.latency_ms)]] as const) : []),
        ]}
      />
    </section>
  );
}

function Tools({ life, done }: { life: TaskLife; done: () => void }) {
  const [correcting, setCorrecting] = useState(false);
  const ended =
    ['settled', 'cancelled', 'expired'].includes(life.state) || life.records.at(-1)?.settled_as !== undefined;
  const succeeded = life.records.at(-1)?.outcome?.success === true;
  const failed = ended && !succeeded && life.state !== 'cancelled';
  const run = (kind: string, input: unknown) => void act(kind, input).then((ok) => ok && setTimeout(done, 400));
  return (
    <>
      <Act kind="main" onClick={() => setCorrecting(true)}>
        {ended && !failed ? 'Correct…' : 'Send elsewhere…'}
      </Act>
      <Act disabled={succeeded} onClick={() => run('retry-task', { task: life.id })}>
        Decide anew
      </Act>
      <Act kind="danger" disabled={ended} onClick={() => run('cancel', { task: life.id })}>
        Cancel
      </Act>
      <CorrectDialog
        life={life}
        open={correcting}
        end={!ended ? 'open' : failed ? 'failed' : 'over'}
        close={() => setCorrecting(false)}
        send={(input) => {
          setCorrecting(false);
          run('correct', { task: life.id, ...input });
        }}
      />
    </>
  );
}

function CorrectDialog(props: {
  life: TaskLife;
  open: boolean;
  /** `over`: there is nothing left to do, only to note. */
  end: 'open' | 'failed' | 'over';
  close: () => void;
  send: (input: { master: string; comment?: string; again?: boolean }) => void;
}) {
  const over = props.end === 'over';
  const masters = (now.value?.masters ?? [])
    .filter((master) => master.status !== 'removed')
    .map(({ master }) => master);
  const current = props.life.decision?.master;
  const odds = props.life.decision?.probabilities ?? {};
  const sorted = [...masters].sort((a, b) => (odds[b] ?? 0) - (odds[a] ?? 0));
  return (
    <Dialog
      title={over ? 'Where should it have gone?' : 'Where does it belong?'}
      open={props.open}
      onClose={props.close}
    >
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          const data = new FormData(event.currentTarget);
          const comment = String(data.get('comment') ?? '');
          props.send({
            master: String(data.get('master')),
            ...(comment === '' ? {} : { comment }),
            ...(props.end === 'failed' ? { again: data.has('again') } : {}),
          });
        }}
      >
        <p class="soft">
          {props.end === 'open'
            ? 'The task goes there at once, and the next training learns from it.'
            : `The task has ended${over ? '' : ' without success'}: this is noted, and the next training learns from it.`}
        </p>
        <fieldset class="choices">
          <legend class="hidden">Master</legend>
          {sorted.map((master, i) => (
            <label key={master} class="choice">
              <input
                type="radio"
                name="master"
                value={master}
                required
                defaultChecked={i === 0 ? master !== current : master === sorted.find((m) => m !== current)}
              />
              <MasterName name={master} />
              {master === current && <span class="soft small"> where it is</span>}
            </label>
          ))}
        </fieldset>
        {props.end === 'failed' && (
          <label class="choice">
            <input type="checkbox" name="again" defaultChecked />
            It is done again there
          </label>
        )}
        <label>
          Why <span class="soft">(optional)</span>
          <input name="comment" autocomplete="off" />
        </label>
        <div class="form-end">
          <button type="button" class="button plain" onClick={props.close}>
            Leave it
          </button>
          <button type="submit" class="button main">
            {over ? 'Correct' : 'Send there'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
