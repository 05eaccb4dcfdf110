// Prompts: versions that never change, which one serves, and a candidate against it.
import { useState } from 'preact/hooks';
import { act } from '../lib/api.js';
import { ago, count, percent } from '../lib/format.js';
import { useList } from '../lib/list.js';
import { Act, Badge, Dialog, Empty, Page, Panel, Scroll, Trouble, Verbatim } from '../ui/parts.js';
import type { PromptReport, PromptsAnswer } from '../wire.js';

export function PromptsPage() {
  const { data, error, again } = useList<PromptsAnswer>('/api/prompts', 'prompts', 4_000);
  return (
    <Page title="Prompts" about="Versions that never change; which of them serves is read at each task.">
      {error !== undefined && <Trouble text={error} />}
      {data === undefined ? (
        <p class="loading">Reading the registry…</p>
      ) : data.absent !== null ? (
        <Empty title={data.absent} />
      ) : data.prompts.length === 0 ? (
        <div class="panel">
          <Empty title="No prompt is registered">
            <p>Workers with a language model read theirs from here:</p>
            <pre>npx cortex prompts add fix-bug.json</pre>
          </Empty>
        </div>
      ) : (
        data.prompts.map((prompt) => <Prompt key={prompt.name} prompt={prompt} again={again} />)
      )}
    </Page>
  );
}

function Prompt({ prompt, again }: { prompt: PromptReport; again: () => void }) {
  const [looked, setLooked] = useState<number | undefined>(undefined);
  const version = prompt.versions.find((one) => one.version === looked);
  const before = prompt.versions.find((one) => one.version === (looked ?? 0) - 1);
  const assign = (label: string, number: number | undefined) =>
    void act('assign-prompt', {
      prompt: prompt.name,
      label,
      ...(number === undefined ? {} : { version: number }),
    }).then((ok) => {
      if (!ok) return;
      setLooked(undefined);
      again();
    });
  return (
    <Panel
      title={prompt.name}
      note={prompt.task_types.length > 0 ? `for ${prompt.task_types.join(', ')}` : 'for any kind of work'}
      tools={
        prompt.candidate && (
          <Act small onClick={() => assign('none', undefined)}>
            End the trial
          </Act>
        )
      }
    >
      {prompt.judgement && <Judged prompt={prompt} />}
      <Scroll label={`Versions of ${prompt.name}`}>
        <table class="list">
          <thead>
            <tr>
              <th scope="col">Version</th>
              <th scope="col">Used as</th>
              <th scope="col">What is different</th>
              <th scope="col">Written</th>
            </tr>
          </thead>
          <tbody>
            {prompt.versions.map((one) => (
              <tr key={one.version}>
                <th scope="row">
                  <button type="button" class="as-link" onClick={() => setLooked(one.version)}>
                    {prompt.name}@{one.version}
                  </button>
                </th>
                <td>
                  {one.version === prompt.production ? (
                    <Badge word="production" tone="good" />
                  ) : one.version === prompt.candidate?.version ? (
                    <Badge word={`candidate ${percent(prompt.candidate.share)}`} tone="info" />
                  ) : (
                    <span class="soft">archive</span>
                  )}
                </td>
                <td>{one.changelog}</td>
                <td class="soft nowrap">
                  {ago(one.at)} by {one.by}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <Dialog
        title={`${prompt.name}@${looked ?? ''}`}
        open={version !== undefined}
        onClose={() => setLooked(undefined)}
        wide
      >
        {version && (
          <>
            <p>{version.changelog}</p>
            <h3>System{before ? `, changes since version ${before.version} marked` : ''}</h3>
            <Compared label="System" text={version.system} before={before?.system} />
            {version.rules.length > 0 && (
              <>
                <h3>Rules</h3>
                <Compared label="Rules" text={version.rules.join('\n')} before={before?.rules.join('\n')} />
              </>
            )}
            <h3>User</h3>
            <Compared label="User" text={version.user} before={before?.user} />
            <div class="form-end">
              <Act
                disabled={version.version === prompt.production}
                onClick={() => assign('candidate', version.version)}
              >
                Try it on 10 %
              </Act>
              <Act
                kind="main"
                disabled={version.version === prompt.production}
                onClick={() => assign('production', version.version)}
              >
                Let it serve
              </Act>
            </div>
          </>
        )}
      </Dialog>
    </Panel>
  );
}

function Judged({ prompt }: { prompt: PromptReport }) {
  const { judgement } = prompt;
  if (!judgement) return null;
  return (
    <div class="judged">
      <p>
        <Badge
          word={judgement.verdict}
          tone={judgement.verdict === 'roll-back' ? 'bad' : judgement.verdict === 'promote' ? 'good' : 'info'}
        />{' '}
        {judgement.why}
      </p>
      <Scroll label="Rates of both versions">
        <table class="list">
          <tbody>
            {(['production', 'candidate'] as const).map((side) => {
              const arm = judgement[side];
              return (
                <tr key={side}>
                  <th scope="row">
                    {side}, version {arm.version}
                  </th>
                  <td>
                    <Interval low={arm.low} high={arm.high} rate={arm.rate} />
                  </td>
                  <td class="num">
                    {percent(arm.rate)} ({percent(arm.low)} to {percent(arm.high)})
                  </td>
                  <td class="right num">{count(arm.tasks)} tasks</td>
                  <td class="right num">{arm.tokens === null ? '–' : `${count(Math.round(arm.tokens))} tokens`}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroll>
      <p class="small soft">
        Evidence: {Math.max(0, judgement.better).toFixed(1)} that it is better,{' '}
        {Math.max(0, judgement.worse).toFixed(1)} that it is worse; {judgement.needed.toFixed(1)} decides.
      </p>
    </div>
  );
}

function Interval({ low, high, rate }: { low: number; high: number; rate: number | null }) {
  return (
    <svg class="interval" viewBox="0 0 160 14" aria-hidden="true">
      <line class="axis" x1="0" x2="160" y1="7" y2="7" />
      <line class="range" x1={4 + low * 152} x2={4 + high * 152} y1="7" y2="7" />
      {rate !== null && <circle cx={4 + rate * 152} cy="7" r="4" />}
    </svg>
  );
}

/** Lines that the version before did not have are marked. */
function Compared({ label, text, before }: { label: string; text: string; before: string | undefined }) {
  const known = new Set((before ?? text).split('\n'));
  return (
    <Verbatim label={label}>
      {text
        .split('\n')
        .map((line, i) => (known.has(line) ? `${line}\n` : <mark key={`${i}${line}`}>{`${line}\n`}</mark>))}
    </Verbatim>
  );
}
