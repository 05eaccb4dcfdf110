// Why it went where it went: the answer in a sentence, the odds, every vote, and what would have had to be different.
import { ms, percent, ranked } from '../../lib/format.js';
import { Badge, Facts, MasterName, Panel, Scroll, Share } from '../../ui/parts.js';
import type { TaskLife } from '../../wire.js';

type Decision = NonNullable<TaskLife['decision']>;

const METHODS: Readonly<Record<Decision['method'], string>> = {
  ensemble: 'the experts decided together',
  rule: 'a rule decided',
  fallback: 'nobody answered in time, so the coordinator fell back to its own rules',
  pinned: 'whoever submitted it pinned it to this master',
  explore: 'drawn on purpose among good candidates, to learn from the outcome',
  human: 'a person decided',
};
const MOST = 6;

export function Why({ life }: { life: TaskLife }) {
  const { decision } = life;
  if (!decision)
    return (
      <Panel title="Why">
        <p class="soft">It has no decision yet: it waits, or was cancelled before one was made.</p>
      </Panel>
    );
  const certain = decision.method === 'pinned' || decision.method === 'human';
  const order = ranked(decision.probabilities).filter(([, p]) => p > 0);
  const correction = life.records.findLast((record) => record.correction)?.correction;
  return (
    <Panel title="Why" class="why">
      <p class="answer">
        {decision.review ? (
          <>
            It waits with <MasterName name={decision.master} />: too unsure to decide alone, a person is asked.{' '}
            <a href="/reviews">Answer it</a>
          </>
        ) : (
          <>
            It went to <MasterName name={decision.master} />
            {certain ? '' : `, ${percent(decision.confidence)} sure`}: {METHODS[decision.method]}.
          </>
        )}
      </p>
      {correction && correction.master !== decision.master && (
        <p class="answer-more">
          <Badge word="corrected" /> Since then {correction.by ?? 'somebody'} said it belongs to{' '}
          <MasterName name={correction.master} />.
        </p>
      )}
      {decision.explanation.length > 0 && (
        <ul class="reasons">
          {decision.explanation.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
      <div class="why-parts">
        <div>
          <h3>Odds</h3>
          <ul class="odds">
            {order.slice(0, MOST).map(([master, p]) => (
              <li key={master}>
                <MasterName name={master} />
                <Share value={p} tone={master === decision.master ? 'strong' : ''} />
              </li>
            ))}
          </ul>
          {order.length > MOST && <p class="soft small">and {order.length - MOST} more</p>}
          {decision.candidates.length > 0 && (
            <p class="small soft">Nine times in ten the right one is among: {decision.candidates.join(', ')}</p>
          )}
        </div>
        <Votes decision={decision} />
      </div>
      {life.what_if.length > 0 && (
        <>
          <h3>What if</h3>
          <ul class="reasons">
            {life.what_if.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </>
      )}
      <Details decision={decision} />
    </Panel>
  );
}

function Votes({ decision }: { decision: Decision }) {
  if (decision.experts.length === 0) return <div />;
  const shown = [
    ...new Set([
      decision.master,
      ...decision.experts.flatMap((expert) =>
        ranked(expert.probabilities)
          .slice(0, 2)
          .map(([master]) => master),
      ),
    ]),
  ].slice(0, 5);
  return (
    <div>
      <h3>Votes</h3>
      <Scroll label="Votes">
        <table class="list votes">
          <thead>
            <tr>
              <th scope="col">Expert</th>
              {shown.map((master) => (
                <th scope="col" key={master}>
                  <MasterName name={master} />
                </th>
              ))}
              <th scope="col" class="right">
                Weight
              </th>
              <th scope="col" class="right">
                Took
              </th>
            </tr>
          </thead>
          <tbody>
            {decision.experts.map((expert) => {
              const evidence = (expert.evidence ?? [])
                .filter((line) => !decision.explanation.includes(line))
                .slice(0, 3);
              return (
                <tr key={expert.name}>
                  <th scope="row">
                    {expert.name}
                    {evidence.map((line) => (
                      <span class="evidence" key={line}>
                        {line}
                      </span>
                    ))}
                  </th>
                  {expert.abstained ? (
                    <td colSpan={shown.length} class="soft">
                      {expert.latency_ms === 0 ? 'was not heard: others were sure enough' : 'had nothing to say'}
                    </td>
                  ) : (
                    shown.map((master) => (
                      <td key={master}>
                        <Share value={expert.probabilities[master] ?? 0} />
                      </td>
                    ))
                  )}
                  <td class="right num">{expert.weight === undefined ? '–' : expert.weight.toFixed(2)}</td>
                  <td class="right num">{expert.abstained && expert.latency_ms === 0 ? '–' : ms(expert.latency_ms)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroll>
    </div>
  );
}

function Details({ decision }: { decision: Decision }) {
  const { prediction } = decision;
  const models = Object.entries(decision.models).map(([family, version]) =>
    version.startsWith(family) ? version : `${family} ${version}`,
  );
  const exit = typeof decision.exit === 'string' ? decision.exit : undefined;
  return (
    <Facts
      rows={[
        ['Decided in', ms(decision.latency_ms)],
        ...(exit === undefined ? [] : ([['Sure enough after', exit]] as const)),
        ...(typeof prediction?.success === 'number'
          ? ([['Expected success', percent(prediction.success)]] as const)
          : []),
        ...(prediction?.minutes
          ? ([['Expected time', `${prediction.minutes.p50}–${prediction.minutes.p90} min`]] as const)
          : []),
        ...(prediction?.tokens
          ? ([['Expected tokens', `${prediction.tokens.p50}–${prediction.tokens.p90}`]] as const)
          : []),
        ...(models.length > 0 ? ([['Models', models.join(', ')]] as const) : []),
        ['Arm', decision.arm],
        ...(decision.propensity < 1 ? ([['Drawn with', percent(decision.propensity)]] as const) : []),
        ...(decision.trace_id ? ([['Trace', <code key="t">{decision.trace_id}</code>]] as const) : []),
      ]}
    />
  );
}
