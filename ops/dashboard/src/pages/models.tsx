// Models: which version serves, what is on trial and how the trial stands, how well odds hold, and the hand on the switch.
import { useState } from 'preact/hooks';
import { act } from '../lib/api.js';
import { ago, count, percent } from '../lib/format.js';
import { useList } from '../lib/list.js';
import { topics } from '../lib/live.js';
import { Act, Badge, Dialog, Empty, Facts, MasterName, Page, Panel, Scroll, Trouble } from '../ui/parts.js';
import type { FamilyReport, ModelsAnswer, VersionRow } from '../wire.js';
import { Reliability } from './masters/reliability.js';
import { Curve, Training } from './models/curve.js';
import { Trial } from './models/trial.js';

export function ModelsPage() {
  // The trial's picture changes with the bucket, everything else with the events of models.
  topics.trials.value;
  const { data, error, again } = useList<ModelsAnswer>('/api/models', 'models', 4_000);
  return (
    <Page
      title="Models"
      about="Every training publishes a signed version. Running actors follow a change within a second."
    >
      {error !== undefined && <Trouble text={error} />}
      {data === undefined ? (
        <p class="loading">Reading the registry…</p>
      ) : (
        <>
          {data.absent !== null && <Empty title={data.absent} />}
          {data.absent === null && data.families.length === 0 && (
            <div class="panel">
              <Empty title="No model is published yet">
                <p>Rules, words and the registry's examples decide until one is trained:</p>
                <pre>npx cortex train router</pre>
              </Empty>
            </div>
          )}
          {data.families.map((family) => (
            <Family key={family.family} family={family} again={again} />
          ))}
          <div class="two">
            <Panel title="Reliability" note="how sure decisions were against how often they were right">
              {Object.keys(data.calibration).length === 0 ? (
                <p class="soft">Nothing is known yet: it takes outcomes or corrections.</p>
              ) : (
                <div class="side-by-side">
                  {Object.entries(data.calibration).map(([arm, bins]) => (
                    <div key={arm}>
                      <h3>{arm}</h3>
                      <Reliability bins={bins} />
                    </div>
                  ))}
                </div>
              )}
            </Panel>
            <Confusion confusion={data.confusion} />
          </div>
        </>
      )}
    </Page>
  );
}

function Family({ family, again }: { family: FamilyReport; again: () => void }) {
  const [asking, setAsking] = useState<'roll-back' | undefined>(undefined);
  const [promoting, setPromoting] = useState<VersionRow | undefined>(undefined);
  const done = (ok: boolean) => {
    if (!ok) return;
    setAsking(undefined);
    setPromoting(undefined);
    again();
  };
  return (
    <Panel
      title={family.family}
      note={family.frozen ? 'frozen: no version gets more say' : ''}
      tools={
        <>
          <Act
            small
            label={`${family.frozen ? 'Unfreeze' : 'Freeze'} ${family.family}`}
            onClick={() => void act('freeze-model', { family: family.family, frozen: !family.frozen }).then(done)}
          >
            {family.frozen ? 'Unfreeze' : 'Freeze'}
          </Act>
          <Act
            small
            kind="danger"
            label={`Roll back… ${family.family}`}
            disabled={family.champion === null}
            onClick={() => setAsking('roll-back')}
          >
            Roll back…
          </Act>
        </>
      }
    >
      <Facts
        rows={[
          ['Serves', family.champion ?? 'no version yet'],
          ['On trial', family.challenger ? `${family.challenger}, ${percent(family.share)} of the tasks` : 'nothing'],
          ['Watches', family.shadow ?? 'nothing'],
          ['Back to', family.previous ?? 'nothing earlier'],
        ]}
      />
      {family.trial && <Trial trial={family.trial} />}
      <Curve family={family} />
      <Training family={family} />
      <Versions family={family} promote={setPromoting} />
      {family.history.length > 0 && (
        <details>
          <summary>History</summary>
          <ul class="latest">
            {family.history.map((one) => (
              <li key={one.at + one.event}>
                <span class="soft num">{ago(one.at)}</span>
                <Badge word={one.event} tone={one.event === 'rolled-back' ? 'warn' : 'info'} />
                <span>{one.version ?? ''}</span>
                <span class="cut soft">
                  by {one.by}: {one.reason}
                </span>
              </li>
            ))}
          </ul>
        </details>
      )}
      <Dialog title={`Roll ${family.family} back?`} open={asking === 'roll-back'} onClose={() => setAsking(undefined)}>
        <WithReason
          words={
            family.previous
              ? `${family.previous} serves again, a running trial ends.`
              : 'There is no earlier version: a running trial ends; without one, no version serves any more.'
          }
          button="Roll back"
          close={() => setAsking(undefined)}
          send={(reason) => void act('roll-back-model', { family: family.family, reason }).then(done)}
        />
      </Dialog>
      <Dialog
        title={`Give ${promoting?.name ?? ''} more say`}
        open={promoting !== undefined}
        onClose={() => setPromoting(undefined)}
      >
        {promoting && (
          <Promote
            model={promoting.name}
            close={() => setPromoting(undefined)}
            send={(input) => void act('promote-model', { model: promoting.name, ...input }).then(done)}
          />
        )}
      </Dialog>
    </Panel>
  );
}

function Versions({ family, promote }: { family: FamilyReport; promote: (version: VersionRow) => void }) {
  const names = [...new Set(family.versions.flatMap((version) => Object.keys(version.metrics)))].slice(0, 5);
  const champion = family.versions.find((version) => version.uses.includes('champion'));
  if (family.versions.length === 0) return null;
  return (
    <Scroll label="Versions">
      <table class="list">
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col">Used as</th>
            {names.map((name) => (
              <th scope="col" class="right" key={name}>
                {name.replaceAll('_', ' ')}
              </th>
            ))}
            <th scope="col" class="right">
              Rows
            </th>
            <th scope="col">Trained</th>
            <th scope="col">
              <span class="hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {family.versions.map((version) => (
            <tr key={version.name}>
              <th scope="row">{version.name}</th>
              <td>
                {version.uses.length === 0 ? (
                  <span class="soft">archive</span>
                ) : (
                  version.uses.map((use) => <Badge key={use} word={use} tone={use === 'champion' ? 'good' : 'info'} />)
                )}
              </td>
              {names.map((name) => (
                <td class="right num" key={name}>
                  {figure(version.metrics[name])}
                  {champion && version !== champion && (
                    <Against mine={version.metrics[name]} theirs={champion.metrics[name]} />
                  )}
                </td>
              ))}
              <td class="right num">{version.rows === null ? '–' : count(version.rows)}</td>
              <td class="soft">
                {ago(version.created_at)} by {version.by}
              </td>
              <td class="right">
                <Act
                  small
                  label={`Promote… ${version.name}`}
                  disabled={version.uses.includes('champion')}
                  onClick={() => promote(version)}
                >
                  Promote…
                </Act>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

const figure = (value: number | null | undefined): string =>
  typeof value === 'number' ? (Math.abs(value) >= 1_000 ? count(value) : Number(value.toPrecision(4)).toString()) : '–';

function Against({ mine, theirs }: { mine: number | null | undefined; theirs: number | null | undefined }) {
  if (typeof mine !== 'number' || typeof theirs !== 'number' || mine === theirs) return null;
  const difference = mine - theirs;
  return (
    <span class="soft small">
      {' '}
      {difference > 0 ? '+' : '−'}
      {Number(Math.abs(difference).toPrecision(2))}
    </span>
  );
}

function WithReason(props: { words: string; button: string; close: () => void; send: (reason: string) => void }) {
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        props.send(String(new FormData(event.currentTarget).get('reason') ?? ''));
      }}
    >
      <p>{props.words}</p>
      <label>
        Why <span class="soft">(for the history)</span>
        <input name="reason" autocomplete="off" />
      </label>
      <div class="form-end">
        <button type="button" class="button plain" onClick={props.close}>
          Leave it
        </button>
        <button type="submit" class="button main">
          {props.button}
        </button>
      </div>
    </form>
  );
}

function Promote(props: { model: string; close: () => void; send: (input: Record<string, unknown>) => void }) {
  const [as, setAs] = useState('challenger');
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        const data = new FormData(event.currentTarget);
        const share = Number(data.get('share') ?? 5) / 100;
        props.send({ as, ...(as === 'challenger' ? { share } : {}), reason: String(data.get('reason') ?? '') });
      }}
    >
      <fieldset class="choices">
        <legend class="hidden">It becomes</legend>
        {(
          [
            ['shadow', 'shadow: it answers, and decides nothing'],
            ['challenger', 'challenger: it decides a share of the tasks'],
            ['champion', 'champion: it serves, at once'],
          ] as const
        ).map(([value, words]) => (
          <label class="choice" key={value}>
            <input type="radio" name="as" value={value} checked={as === value} onChange={() => setAs(value)} />
            {words}
          </label>
        ))}
      </fieldset>
      {as === 'challenger' && (
        <label>
          Share of the tasks in percent
          <input name="share" type="number" min={1} max={99} defaultValue="5" />
        </label>
      )}
      <label>
        Why <span class="soft">(for the history)</span>
        <input name="reason" autocomplete="off" />
      </label>
      <div class="form-end">
        <button type="button" class="button plain" onClick={props.close}>
          Leave it
        </button>
        <button type="submit" class="button main">
          Promote
        </button>
      </div>
    </form>
  );
}

function Confusion({ confusion }: { confusion: ModelsAnswer['confusion'] }) {
  const { masters, counts } = confusion;
  const most = Math.max(1, ...counts.flatMap((row, i) => row.filter((_, j) => i !== j)));
  return (
    <Panel
      title="Confusion"
      note="decided for (row), belonged to (column); tasks in view where somebody or an outcome said so"
    >
      {masters.length === 0 ? (
        <p class="soft">Nothing is known yet: it takes outcomes or corrections.</p>
      ) : (
        <Scroll label="Confusion">
          <table class="confusion">
            <thead>
              <tr>
                <td />
                {masters.map((master) => (
                  <th scope="col" key={master}>
                    {master}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {masters.map((master, i) => (
                <tr key={master}>
                  <th scope="row">
                    <MasterName name={master} />
                  </th>
                  {(counts[i] ?? []).map((n, j) => (
                    <td
                      key={masters[j]}
                      class={i === j ? 'right-one' : n > 0 ? (n / most > 0.5 ? 'wrong much' : 'wrong') : ''}
                    >
                      {n === 0 ? '' : count(n)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </Panel>
  );
}
