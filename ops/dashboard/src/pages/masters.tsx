// The registry of masters: who owns what, how each does, which two the router confuses; every change holds at once.
import { useState } from 'preact/hooks';
import { act } from '../lib/api.js';
import { ago, count, percent, plural } from '../lib/format.js';
import { useList } from '../lib/list.js';
import { query, setQuery, taskPath } from '../lib/router.js';
import { Act, Badge, Dialog, Empty, Facts, MasterName, Page, Panel, Scroll, Share, Trouble } from '../ui/parts.js';
import type { MasterReport, MastersAnswer, Overlap } from '../wire.js';
import { MasterForm } from './masters/form.js';
import { Reliability } from './masters/reliability.js';

export function MastersPage() {
  const { data, error, again } = useList<MastersAnswer>('/api/masters', 'masters', 3_000);
  const [adding, setAdding] = useState(false);
  const chosen = query.value.get('master') ?? '';
  const report = data?.masters.find(({ master }) => master.name === chosen);
  return (
    <Page
      title="Masters"
      about="Owners of kinds of work. Changes hold at once; nothing is restarted."
      tools={
        <Act kind="main" onClick={() => setAdding(true)}>
          Add a master
        </Act>
      }
    >
      {error !== undefined && <Trouble text={error} />}
      {data === undefined ? (
        <p class="loading">Reading the registry…</p>
      ) : data.masters.length === 0 ? (
        <Empty title="No master is registered">
          <p>Every task is asked of a person until there is one.</p>
        </Empty>
      ) : (
        <>
          <Registry masters={data.masters} chosen={chosen} again={again} />
          {report && <OneMaster key={report.master.name} report={report} again={again} />}
          <Overlaps overlaps={data.overlaps} />
        </>
      )}
      <Dialog title="Add a master" open={adding} onClose={() => setAdding(false)} wide>
        <MasterForm
          close={() => setAdding(false)}
          save={(master) =>
            act('put-master', { master, fresh: true }).then((ok) => {
              if (!ok) return;
              again();
              setAdding(false);
            })
          }
        />
      </Dialog>
    </Page>
  );
}

function Registry({ masters, chosen, again }: { masters: readonly MasterReport[]; chosen: string; again: () => void }) {
  return (
    <div class="panel scroll">
      <table class="list">
        <thead>
          <tr>
            <th scope="col">Master</th>
            <th scope="col">State</th>
            <th scope="col" class="right">
              Waiting
            </th>
            <th scope="col" class="right">
              In hand
            </th>
            <th scope="col" class="right">
              Workers
            </th>
            <th scope="col" class="right">
              Tasks
            </th>
            <th scope="col">Success</th>
            <th scope="col" class="right">
              Taken away
            </th>
            <th scope="col" class="right">
              Missed
            </th>
            <th scope="col">
              <span class="hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {masters.map(({ master, flow, figures }) => (
            <tr key={master.name} class={master.name === chosen ? 'chosen' : ''}>
              <th scope="row">
                <button
                  type="button"
                  class="as-link"
                  aria-expanded={master.name === chosen}
                  onClick={() => setQuery({ master: master.name === chosen ? '' : master.name })}
                >
                  <MasterName name={master.name} />
                </button>
              </th>
              <td>
                <Badge word={master.status} />
              </td>
              <td class="right num">{count(flow?.waiting ?? 0)}</td>
              <td class="right num">{count(flow?.in_hand ?? 0)}</td>
              <td class="right num">{count(flow?.workers ?? 0)}</td>
              <td class="right num">{count(figures.tasks)}</td>
              <td>
                {figures.settled === 0 ? (
                  <span class="soft">–</span>
                ) : (
                  <Share value={figures.succeeded / figures.settled} />
                )}
              </td>
              <td class="right num">{count(figures.taken_away)}</td>
              <td class="right num">{count(figures.missed)}</td>
              <td class="right">
                {master.status === 'paused' ? (
                  <Act
                    small
                    label={`Resume ${master.name}`}
                    onClick={() => void act('resume-master', { master: master.name }).then(again)}
                  >
                    Resume
                  </Act>
                ) : (
                  <Act
                    small
                    label={`Pause ${master.name}`}
                    onClick={() => void act('pause-master', { master: master.name }).then(again)}
                  >
                    Pause
                  </Act>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function OneMaster({ report, again }: { report: MasterReport; again: () => void }) {
  const [editing, setEditing] = useState(false);
  const [removing, setRemoving] = useState(false);
  const { master, figures, workers, examples } = report;
  return (
    <Panel
      title={master.name}
      note={master.updated_at ? `changed ${ago(master.updated_at)}` : ''}
      tools={
        <>
          <Act small onClick={() => setEditing(true)}>
            Edit
          </Act>
          <Act small kind="danger" onClick={() => setRemoving(true)}>
            Remove…
          </Act>
        </>
      }
    >
      <p>{master.description || <span class="soft">No description: only words and examples point to it.</span>}</p>
      <Facts
        rows={[
          ['Examples', count(master.examples.length)],
          ['Keywords', master.keywords.join(', ') || '–'],
          ...(master.patterns.length > 0
            ? ([['Patterns', <code key="p">{master.patterns.join('  ')}</code>]] as const)
            : []),
          ...(master.aliases.length > 0 ? ([['Aliases', master.aliases.join(', ')]] as const) : []),
          ...(master.capabilities.length > 0 ? ([['Can', master.capabilities.join(', ')]] as const) : []),
          ['Mean confidence', percent(figures.mean_confidence)],
          ['Open', count(figures.open)],
        ]}
      />
      <div class="two">
        <div>
          <h3>Latest tasks</h3>
          {examples.length === 0 ? (
            <p class="soft">None in view.</p>
          ) : (
            <ul class="latest">
              {examples.map((row) => (
                <li key={row.id}>
                  <Badge word={row.state} />
                  <a class="cut" href={taskPath(row.id)}>
                    {row.text}
                  </a>
                  <span class="num soft">{percent(row.confidence)}</span>
                </li>
              ))}
            </ul>
          )}
          <h3>Workers</h3>
          {workers.length === 0 ? (
            <p class="soft">
              None: <code>npx cortex worker --master {master.name} --exec CMD</code>
            </p>
          ) : (
            <ul class="latest">
              {workers.slice(0, 12).map((worker) => (
                <li key={worker.worker}>
                  <Badge word={worker.status} />
                  <span class="cut mono small">{worker.worker}</span>
                  {worker.task && (
                    <a class="cut" href={taskPath(worker.task)}>
                      {worker.task}
                    </a>
                  )}
                </li>
              ))}
            </ul>
          )}
        </div>
        <div>
          <h3>Calibration</h3>
          <Reliability bins={report.calibration} />
        </div>
      </div>
      <Dialog title={`Edit ${master.name}`} open={editing} onClose={() => setEditing(false)} wide>
        <MasterForm
          master={master}
          close={() => setEditing(false)}
          save={(next) =>
            act('put-master', { master: next }).then((ok) => {
              if (!ok) return;
              again();
              setEditing(false);
            })
          }
        />
      </Dialog>
      <Dialog title={`Remove ${master.name}?`} open={removing} onClose={() => setRemoving(false)}>
        <p>
          It gets no more tasks. What it has stays with it ({plural(figures.open, 'task')} open in view). This can be
          undone under Alerts.
        </p>
        <div class="form-end">
          <button type="button" class="button plain" onClick={() => setRemoving(false)}>
            Keep it
          </button>
          <Act
            kind="danger"
            onClick={() =>
              void act('remove-master', { master: master.name }).then((ok) => {
                if (ok) {
                  setQuery({ master: '' });
                  again();
                }
              })
            }
          >
            Remove
          </Act>
        </div>
      </Dialog>
    </Panel>
  );
}

function Overlaps({ overlaps }: { overlaps: readonly Overlap[] }) {
  return (
    <Panel title="Masters that overlap" note="close calls and corrections between two, among the tasks in view">
      {overlaps.length === 0 ? (
        <p class="soft">No two masters were close, and nobody corrected one to another.</p>
      ) : (
        <Scroll label="Overlaps">
          <table class="list">
            <thead>
              <tr>
                <th scope="col">These two</th>
                <th scope="col">Close calls</th>
                <th scope="col" class="right">
                  Corrected between them
                </th>
              </tr>
            </thead>
            <tbody>
              {overlaps.slice(0, 12).map((one) => (
                <tr key={one.a + one.b}>
                  <th scope="row">
                    <MasterName name={one.a} /> <span class="soft">and</span> <MasterName name={one.b} />
                  </th>
                  <td>
                    <Share
                      value={one.of === 0 ? 0 : one.close / one.of}
                      label={`${one.close} of ${one.of}`}
                      tone="warn"
                    />
                  </td>
                  <td class="right num">{one.corrected}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </Panel>
  );
}
