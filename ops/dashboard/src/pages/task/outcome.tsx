// What came of it: the accepted claim, what it cost, what shows that work was done, what it was given to read.
import { count, moment, money, ms, percent } from '../../lib/format.js';
import { Badge, Empty, Facts, Panel, Verbatim } from '../../ui/parts.js';
import type { TaskLife } from '../../wire.js';
import { Context, contextOf, showsIt } from './context.js';

export function OutcomeView({ life }: { life: TaskLife }) {
  // Later records carry it, and one that opens the task again leaves it behind.
  const outcome = life.records.at(-1)?.outcome;
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
  // An LLM's answer, or the output of a command.
  const said = [outcome.answer, outcome.output].find((text): text is string => typeof text === 'string' && text !== '');
  const context = contextOf(outcome);
  const evidence = (outcome.evidence ?? []).filter((one) => !context?.pieces.some((piece) => showsIt(piece, one)));
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
      {said !== undefined && (
        <>
          <h3>What it said</h3>
          <Verbatim label="What it said" short>
            {said}
          </Verbatim>
        </>
      )}
      {evidence.length > 0 && (
        <>
          <h3>Evidence</h3>
          <ul class="reasons">
            {evidence.map((one, i) => (
              <li key={`${one.kind}${one.ref ?? i}`}>
                {one.kind}
                {one.ref ? `: ${one.ref}` : ''}
                {one.sha256 ? <code class="small"> {one.sha256.slice(0, 12)}</code> : null}
              </li>
            ))}
          </ul>
        </>
      )}
      {context && <Context context={context} evidence={outcome.evidence ?? []} />}
    </Panel>
  );
}
