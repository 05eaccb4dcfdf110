// What came of it: the accepted claim, what it cost, what shows that work was done, what it was given to read.
import { count, moment, money, ms, percent } from '../../lib/format.js';
import { Badge, Empty, Facts, Panel } from '../../ui/parts.js';
import type { TaskLife } from '../../wire.js';

interface Citation {
  readonly title?: string;
  readonly ref?: string;
  readonly text?: string;
  readonly score?: number;
}

export function OutcomeView({ life }: { life: TaskLife }) {
  const outcome = life.records.findLast((record) => record.outcome)?.outcome;
  if (!outcome)
    return (
      <Panel title="Outcome">
        <Empty title={life.review && !life.review.answer ? 'It waits for an answer' : 'Nobody has finished it yet'}>
          {life.review && !life.review.answer ? (
            <p>
              {life.review.request.question} <a href="/reviews">Answer it</a>
            </p>
          ) : (
            <p>
              A worker does: <code>npx cortex worker --master {life.decision?.master ?? 'NAME'} --exec CMD</code>
            </p>
          )}
        </Empty>
      </Panel>
    );
  const citations = citationsOf(outcome);
  return (
    <Panel title="Outcome">
      <Facts
        rows={[
          ['Status', <Badge key="s" word={outcome.status} tone={outcome.success ? 'good' : 'bad'} />],
          ...(outcome.worker ? ([['Worker', outcome.worker]] as const) : []),
          ...(outcome.attempt ? ([['Attempt', String(outcome.attempt)]] as const) : []),
          ...(outcome.minutes === undefined ? [] : ([['Took', ms(outcome.minutes * 60_000)]] as const)),
          ...(outcome.tokens === undefined ? [] : ([['Tokens', count(outcome.tokens)]] as const)),
          ...(outcome.cost_usd === undefined ? [] : ([['Cost', money(outcome.cost_usd)]] as const)),
          ...(outcome.quality === undefined ? [] : ([['Quality', percent(outcome.quality)]] as const)),
          ...(outcome.prompt ? ([['Prompt', outcome.prompt]] as const) : []),
          ...(outcome.finished_at ? ([['Finished', moment(outcome.finished_at)]] as const) : []),
        ]}
      />
      {outcome.error && <p class="trouble">{outcome.error}</p>}
      {(outcome.evidence ?? []).length > 0 && (
        <>
          <h3>Evidence</h3>
          <ul class="reasons">
            {(outcome.evidence ?? []).map((one, i) => (
              <li key={`${one.kind}${one.ref ?? i}`}>
                {one.kind}
                {one.ref ? `: ${one.ref}` : ''}
                {one.sha256 ? <code class="small"> {one.sha256.slice(0, 12)}</code> : null}
              </li>
            ))}
          </ul>
        </>
      )}
      {citations.length > 0 && (
        <>
          <h3>Context it was given</h3>
          <ol class="reasons">
            {citations.map((one, i) => (
              <li key={one.ref ?? i}>
                <strong>{one.title ?? one.ref ?? 'passage'}</strong>
                {one.ref && one.title ? <span class="soft"> {one.ref}</span> : null}
                {one.text ? <span class="evidence">{one.text.slice(0, 240)}</span> : null}
              </li>
            ))}
          </ol>
        </>
      )}
    </Panel>
  );
}

/** Workers and the librarian say what they used under `citations` or `context`; both are free fields. */
function citationsOf(outcome: Readonly<Record<string, unknown>>): Citation[] {
  const { context } = outcome as { context?: { citations?: unknown } };
  const list = outcome.citations ?? context?.citations ?? context;
  return Array.isArray(list) ? list.filter((one): one is Citation => typeof one === 'object' && one !== null) : [];
}
