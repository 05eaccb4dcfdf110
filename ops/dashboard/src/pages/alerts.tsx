// What is wrong, what was done about it, and taking it back.
import { useState } from 'preact/hooks';
import { act } from '../lib/api.js';
import { ago, plural } from '../lib/format.js';
import { useList } from '../lib/list.js';
import { taskPath } from '../lib/router.js';
import { Act, Badge, Empty, Page, Panel, Scroll, Trouble } from '../ui/parts.js';
import type { AlertRow, Intervention } from '../wire.js';

const SHOWN = 100;
const RANK = { critical: 0, warning: 1, info: 2 };

export function AlertsPage() {
  const alerts = useList<AlertRow[]>('/api/alerts', 'alerts');
  const actions = useList<Intervention[]>('/api/actions', 'actions');
  const [all, setAll] = useState(false);
  const open = (alerts.data ?? [])
    .filter((alert) => alert.status !== 'resolved')
    .sort((a, b) => RANK[a.severity] - RANK[b.severity]);
  const over = (alerts.data ?? []).filter((alert) => alert.status === 'resolved');
  return (
    <Page title="Alerts" about="What the system saw go wrong, what it or somebody did, and the way back.">
      {alerts.error !== undefined && <Trouble text={alerts.error} />}
      <Panel
        title="Open"
        note={alerts.data === undefined ? '' : plural(open.length, 'alert')}
        tools={
          over.length > 0 && (
            <button type="button" class="button plain small" aria-pressed={all} onClick={() => setAll(!all)}>
              {all ? 'Hide' : 'Show'} {over.length} that are over
            </button>
          )
        }
      >
        {alerts.data === undefined ? (
          <p class="loading">Reading the alerts…</p>
        ) : open.length === 0 && !all ? (
          <Empty title="Nothing is wrong">
            <p>The watchdog looks for workers that hang or vanish, queues that grow, masters that fail, and more.</p>
          </Empty>
        ) : (
          <ul class="alerts">
            {[...open, ...(all ? over : [])].slice(0, SHOWN).map((alert) => (
              <AlertItem key={alert.id} alert={alert} />
            ))}
          </ul>
        )}
      </Panel>
      <Interventions listed={actions.data} error={actions.error} again={actions.again} />
    </Page>
  );
}

function AlertItem({ alert }: { alert: AlertRow }) {
  const over = alert.status === 'resolved';
  return (
    <li class={over ? 'over' : ''}>
      <Badge word={over ? 'over' : alert.severity} />
      <div>
        <p>
          <strong>{alert.summary}</strong>
        </p>
        <p class="soft small">
          {alert.kind},{' '}
          {over ? `over since ${ago(alert.ends_at ?? alert.at)}` : `since ${ago(alert.starts_at ?? alert.at)}`}
          {(alert.count ?? 1) > 1 ? `, seen ${alert.count} times` : ''}
          {alert.worker ? `, worker ${alert.worker}` : ''}
        </p>
        {alert.cause && <p class="small">Probably: {alert.cause}</p>}
        {alert.action && <p class="small">Done: {alert.action}</p>}
        {alert.task && (
          <p class="small">
            <a href={taskPath(alert.task)}>Task {alert.task}</a>
          </p>
        )}
      </div>
    </li>
  );
}

function Interventions(props: {
  listed: readonly Intervention[] | undefined;
  error: string | undefined;
  again: () => void;
}) {
  const { listed, error, again } = props;
  return (
    <Panel title="Interventions" note="what was done, by the system or by a person">
      {error !== undefined && <Trouble text={error} />}
      {listed === undefined ? (
        <p class="loading">Reading the audit trail…</p>
      ) : listed.length === 0 ? (
        <Empty title="Nothing was done yet">
          <p>Every correction, pause, promotion and repair is kept here, with who and why.</p>
        </Empty>
      ) : (
        <Scroll label="Interventions">
          <table class="list">
            <thead>
              <tr>
                <th scope="col">What</th>
                <th scope="col">On</th>
                <th scope="col">Who</th>
                <th scope="col">When</th>
                <th scope="col">Why</th>
                <th scope="col">
                  <span class="hidden">Undo</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {listed.slice(0, SHOWN).map(({ action, undo }) => (
                <tr key={action.id + action.at}>
                  <th scope="row">
                    {action.kind} {action.state && action.state !== 'done' && <Badge word={action.state} />}
                  </th>
                  <td class="wrap">{action.target ?? ''}</td>
                  <td class="soft">{action.by}</td>
                  <td class="soft nowrap">{ago(action.at)}</td>
                  <td class="reason soft">{action.error ?? action.reason ?? changed(action.before, action.after)}</td>
                  <td class="right">
                    {undo !== null && (
                      <Act
                        small
                        label={`Undo: ${undo}`}
                        onClick={() => void act('undo', { action: action.id }).then(again)}
                      >
                        {undo}
                      </Act>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      {(listed?.length ?? 0) > SHOWN && <p class="soft">and {(listed?.length ?? 0) - SHOWN} older ones</p>}
    </Panel>
  );
}

/** The first field that differs, in words. */
function changed(before: unknown, after: unknown): string {
  if (before === undefined && after !== undefined) return 'new';
  if (typeof before !== 'object' || typeof after !== 'object' || !before || !after) return '';
  for (const [key, value] of Object.entries(after)) {
    const was = (before as Record<string, unknown>)[key];
    if (key !== 'updated_at' && JSON.stringify(was) !== JSON.stringify(value))
      return `${key}: ${brief(was)} → ${brief(value)}`;
  }
  return '';
}

const brief = (value: unknown): string => {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
};
