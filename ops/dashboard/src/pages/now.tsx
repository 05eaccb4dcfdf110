// Is it well? In ten seconds: a verdict, what is wrong and what that means, then the flow from left to right.
import { useMemo } from 'preact/hooks';
import { ago, clock, count, money, ms, percent, plural } from '../lib/format.js';
import { now, tasks, tasksLoaded, tasksVersion } from '../lib/live.js';
import { taskPath } from '../lib/router.js';
import { Chart } from '../ui/chart.js';
import { Badge, Empty, MasterName, Page, Panel, Scroll, Share, Tile } from '../ui/parts.js';
import type { ActorRow, MasterFlow, Now, TaskRow } from '../wire.js';

const BOUND = 100;

export function NowPage() {
  const picture = now.value;
  return (
    <Page title="Now">
      {picture ? (
        <>
          <Verdict now={picture} />
          <Figures now={picture} />
          <Flow now={picture} />
          <div class="two">
            <Charts now={picture} />
            <Latest />
          </div>
          <Actors actors={picture.actors} />
        </>
      ) : (
        <p class="loading">Looking…</p>
      )}
    </Page>
  );
}

function Verdict({ now }: { now: Now }) {
  const worst = now.ailments.some((one) => one.severity === 'critical')
    ? 'bad'
    : now.ailments.length > 0
      ? 'warn'
      : 'good';
  const rate = now.minute.decided;
  const sentence =
    worst === 'good'
      ? rate > 0
        ? `All is well: ${plural(rate, 'task')} decided in the last minute.`
        : 'All is well, and quiet: no task was decided in the last minute.'
      : worst === 'bad'
        ? 'Something needs you.'
        : 'It works, with less than it could.';
  return (
    <section class={`verdict ${worst}`} aria-label="How it is">
      <p class="verdict-word">
        <span class="verdict-mark" aria-hidden="true">
          {worst === 'good' ? '✓' : '!'}
        </span>
        {sentence}
      </p>
      {now.ailments.length > 0 && (
        <ul>
          {now.ailments.map((one) => (
            <li key={one.what + one.means}>
              <strong>{one.what}.</strong> {one.means}
              {/dead letter/.test(one.what) && (
                <>
                  {' '}
                  <a href="/dead">Look at them</a>
                </>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Figures({ now }: { now: Now }) {
  const { minute, ten } = now;
  // What waits with the coordinator waits for a person: that is counted as a question.
  const waiting =
    now.inlet.waiting + now.masters.reduce((sum, m) => sum + (m.master === 'coordinator' ? 0 : m.waiting), 0);
  const slow = minute.p99 !== null && minute.p99 > BOUND;
  return (
    <dl class="tiles" aria-label="Figures">
      <Tile
        label="Decided"
        value={minute.decided < 60 ? `${count(minute.decided)}/min` : `${count(minute.decided / 60)}/s`}
        note={`${count(ten.decided)} in 10 min`}
      />
      <Tile
        label="Waiting"
        value={count(waiting)}
        note={`${count(now.masters.reduce((sum, m) => sum + m.in_hand, 0))} in hand`}
      />
      <Tile
        label="Decision time"
        value={ms(ten.p50)}
        note={ten.within === null ? 'goal: under 100 ms' : `p99 ${ms(ten.p99)} · ${percent(ten.within)} under 100 ms`}
        tone={slow ? 'warn' : undefined}
      />
      <Tile
        label="Success"
        value={percent(ten.settled === 0 ? null : ten.succeeded / ten.settled)}
        note={`of ${plural(ten.settled, 'outcome')}`}
      />
      <Tile
        label="Unsure"
        value={percent(ten.decided === 0 ? null : ten.unsure / ten.decided)}
        note={
          now.open_reviews > 0 ? <a href="/reviews">{plural(now.open_reviews, 'question')} open</a> : 'no question open'
        }
      />
      <Tile label="Tokens" value={count(ten.tokens)} note={`${money(ten.cost_usd)} in 10 min`} />
    </dl>
  );
}

function Flow({ now }: { now: Now }) {
  const busiest = Math.max(1, ...now.masters.map((master) => master.waiting + master.in_hand));
  const deciders = ['coordinator', 'router', 'predictor'];
  return (
    <Panel title="Flow" note="the last minute, from left to right">
      <div class="flow">
        <div class="flow-step">
          <h3>Submitted</h3>
          <p class="flow-big">{count(now.inlet.waiting)}</p>
          <p class="soft small">wait to be decided</p>
        </div>
        <div class="flow-step">
          <h3>Deciding</h3>
          <ul class="plain">
            {deciders.map((actor) => (
              <Decider key={actor} actor={actor} actors={now.actors} asks={now.asks[actor]} />
            ))}
          </ul>
          <p class="soft small">{count(now.minute.decided)} decided in the last minute</p>
        </div>
        <div class="flow-step flow-wide">
          <h3>Masters</h3>
          {now.masters.length === 0 ? (
            <p class="soft small">None is registered.</p>
          ) : (
            <Scroll label="Masters">
              <table class="flow-masters">
                <thead>
                  <tr>
                    <th scope="col">Master</th>
                    <th scope="col">Waiting and in hand</th>
                    <th scope="col" class="right">
                      In / out
                    </th>
                    <th scope="col" class="right">
                      Workers
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {now.masters.slice(0, 14).map((master) => (
                    <MasterLine key={master.master} flow={master} busiest={busiest} />
                  ))}
                </tbody>
              </table>
            </Scroll>
          )}
          {now.masters.length > 14 && <p class="soft small">and {now.masters.length - 14} more</p>}
        </div>
        <div class="flow-step">
          <h3>Settled</h3>
          <p class="flow-big">{count(now.minute.settled)}</p>
          <p class="soft small">
            in the last minute
            {now.minute.settled > 0 && (
              <>
                <br />
                {percent(now.minute.succeeded / now.minute.settled)} succeeded
              </>
            )}
          </p>
        </div>
      </div>
    </Panel>
  );
}

function Decider({ actor, actors, asks }: { actor: string; actors: readonly ActorRow[]; asks: number | undefined }) {
  const mine = actors.filter((row) => row.actor === actor);
  const state =
    mine.length === 0 ? 'away' : mine.some((row) => row.state === 'ready') ? 'ready' : (mine[0]?.state ?? 'away');
  return (
    <li>
      <span class={`dot state-${state}`} aria-hidden="true" />
      {actor}
      <span class="soft small">
        {' '}
        {mine.length === 0 ? 'away' : `× ${mine.length}${state === 'ready' ? '' : `, ${state}`}`}
        {asks ? `, ${asks} asked` : ''}
      </span>
    </li>
  );
}

function MasterLine({ flow, busiest }: { flow: MasterFlow; busiest: number }) {
  const busy = flow.waiting + flow.in_hand;
  return (
    <tr>
      <th scope="row">
        <MasterName name={flow.master} /> {flow.status !== 'active' && <Badge word={flow.status} />}
      </th>
      <td>
        <Share
          value={busy / busiest}
          label={`${count(flow.waiting)} + ${count(flow.in_hand)}`}
          tone={flow.workers === 0 && flow.waiting > 0 ? 'warn' : ''}
        />
      </td>
      <td class="right num">
        {count(flow.decided)} / {count(flow.settled)}
      </td>
      <td class="right num">{flow.workers}</td>
    </tr>
  );
}

function Charts({ now }: { now: Now }) {
  const { seconds } = now;
  const times = seconds.map((second) => second.at);
  const rates = useMemo(
    () => [times, seconds.map((s) => s.decided), seconds.map((s) => s.settled), seconds.map((s) => s.unsure)],
    [now],
  );
  const latency = useMemo(() => [times, seconds.map((s) => s.p50), seconds.map((s) => s.p99)], [now]);
  return (
    <Panel title="Two minutes">
      <h3>Tasks a second</h3>
      <Chart
        label={`Tasks a second over two minutes: ${now.minute.decided} decided and ${now.minute.settled} settled in the last minute`}
        data={rates}
        lines={[
          { label: 'decided', colour: 'info', fill: true },
          { label: 'settled', colour: 'good' },
          { label: 'asked of a person', colour: 'warn' },
        ]}
      />
      <h3>Decision time, goal 100 ms</h3>
      <Chart
        label={`Decision time over two minutes: median ${ms(now.minute.p50)}, 99th percentile ${ms(now.minute.p99)}, goal 100 milliseconds`}
        data={latency}
        unit=" ms"
        bound={BOUND}
        lines={[
          { label: 'median', colour: 'info', dots: true },
          { label: '99th percentile', colour: 'warn', dots: true },
        ]}
      />
    </Panel>
  );
}

function Latest() {
  tasksVersion.value;
  const latest: TaskRow[] = [];
  const all = [...tasks.values()];
  for (let i = all.length - 1; i >= 0 && latest.length < 12; i--) {
    const row = all[i];
    if (row) latest.push(row);
  }
  return (
    <Panel title="Latest tasks" tools={<a href="/tasks">All tasks</a>}>
      {latest.length === 0 ? (
        tasksLoaded.value ? (
          <Empty title="No task yet">
            <p>Submit one from a terminal:</p>
            <pre>npx cortex submit "Scan the payments repo for CVE-2026-1234"</pre>
          </Empty>
        ) : (
          <p class="loading">Reading the log…</p>
        )
      ) : (
        <ul class="latest">
          {latest.map((row) => (
            <li key={row.id}>
              <span class="soft num">{clock(row.at)}</span>
              <Badge word={row.review && row.state === 'decided' ? 'asks' : row.state} />
              <a href={taskPath(row.id)} class="cut">
                {row.text || row.id}
              </a>
              <MasterName name={row.master} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Actors({ actors }: { actors: readonly ActorRow[] }) {
  return (
    <Panel title="Actors" note={plural(actors.length, 'replica')}>
      {actors.length === 0 ? (
        <Empty title="Nobody answers">
          <p>
            Start them with <code>npx cortex up</code>, or one alone with <code>npx cortex actor NAME</code>.
          </p>
        </Empty>
      ) : (
        <Scroll label="Actors">
          <table class="list">
            <thead>
              <tr>
                <th scope="col">Actor</th>
                <th scope="col">State</th>
                <th scope="col">Replica</th>
                <th scope="col">Since</th>
                <th scope="col">In hand</th>
                <th scope="col">What is missing</th>
              </tr>
            </thead>
            <tbody>
              {actors.map((row) => (
                <tr key={row.instance}>
                  <th scope="row">{row.actor}</th>
                  <td>
                    <Badge word={row.state} />
                  </td>
                  <td class="mono small">{row.instance}</td>
                  <td class="soft num">{row.started ? ago(row.started) : '–'}</td>
                  <td class="num">{count(Object.values(row.stats ?? {}).reduce((a, b) => a + b, 0))}</td>
                  <td class="soft">{row.detail ?? ''}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </Panel>
  );
}
