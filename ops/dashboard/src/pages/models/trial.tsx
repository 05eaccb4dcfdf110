// A trial as it stands: the evidence for and against as it grew, every guard with how far it is from ending the trial, and drift.
import { ago, count, percent } from '../../lib/format.js';
import { Badge, Facts, Scroll } from '../../ui/parts.js';
import type { TrialRow } from '../../wire.js';

const PHASES: Readonly<Record<string, string>> = {
  idle: 'nothing is tried',
  shadow: 'the candidate answers every task and decides none',
  asked: 'a person must approve',
  canary: 'the candidate decides a share of the tasks',
  probation: 'the candidate serves; the version before watches it',
};

export function Trial({ trial }: { trial: TrialRow }) {
  return (
    <>
      <h3>Trial</h3>
      <p>
        <Badge word={trial.phase} tone={trial.phase === 'idle' ? 'quiet' : 'info'} />{' '}
        {trial.candidate && trial.phase !== 'idle'
          ? `${trial.candidate} against ${trial.champion ?? 'rules and words'}: `
          : ''}
        {PHASES[trial.phase] ?? trial.phase}
        {trial.since > 0 && trial.phase !== 'idle' ? `, since ${ago(trial.since)}` : ''}
        {trial.waiting ? `; ${trial.waiting} waits for its turn` : ''}
      </p>
      {trial.phase !== 'idle' && (
        <>
          <Facts
            rows={[
              ['Tasks judged', count(trial.units)],
              ['Disagreed on', count(trial.disagreements)],
              ['Known results', `${trial.wins} for, ${trial.losses} against`],
              [
                'Estimated gain',
                trial.gain === null
                  ? '–'
                  : `${trial.gain >= 0 ? '+' : '−'}${(Math.abs(trial.gain) * 100).toFixed(2)} points`,
              ],
            ]}
          />
          <div class="two">
            <EvidencePath trial={trial} />
            <Guards trial={trial} />
          </div>
          {trial.slices.length > 0 && <Slices trial={trial} />}
        </>
      )}
      <Drift trial={trial} />
      {trial.past.length > 0 && (
        <p class="small soft">
          Before:{' '}
          {trial.past
            .slice(0, 3)
            .map((one) => `${one.candidate} ${one.ended} ${ago(one.at)} (${one.reason})`)
            .join('; ')}
        </p>
      )}
    </>
  );
}

const WIDTH = 420;
const HEIGHT = 220;
/** Evidence beyond so many times what is needed leaves the picture: else the rest of it would be too small to read. */
const MOST_SHOWN = 2;
const EDGE = 34;

/** Evidence over judged tasks: crossing the upper line promotes, crossing the lower one rolls back; it may be looked at at any time. */
function EvidencePath({ trial }: { trial: TrialRow }) {
  const { path, needed } = trial;
  const last = path.at(-1);
  const reach = (need: number, seen: number[]) =>
    Math.max(need * 1.2, Math.min(need * MOST_SHOWN, Math.max(0, ...seen)));
  const top = reach(
    needed.better,
    path.map(([, better]) => better),
  );
  const bottom = -reach(
    needed.worse,
    path.map(([, , worse]) => worse),
  );
  const far = Math.max(1, last?.[0] ?? 1);
  const x = (n: number) => EDGE + (n / far) * (WIDTH - EDGE - 8);
  const y = (v: number) => 6 + ((top - v) / (top - bottom)) * (HEIGHT - 26);
  const line = (pick: (point: readonly [number, number, number]) => number) =>
    path
      .map(
        (point, i) => `${i === 0 ? 'M' : 'L'}${x(point[0]).toFixed(1)},${y(Math.max(bottom, pick(point))).toFixed(1)}`,
      )
      .join(' ');
  return (
    <figure class="evidence-path">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`Sequential test after ${last?.[0] ?? 0} tasks: evidence for better ${last?.[1] ?? 0} of ${needed.better.toFixed(1)} needed, for worse ${last?.[2] ?? 0} of ${needed.worse.toFixed(1)}`}
      >
        <line class="axis" x1={EDGE} x2={WIDTH - 8} y1={y(0)} y2={y(0)} />
        <line class="limit good" x1={EDGE} x2={WIDTH - 8} y1={y(needed.better)} y2={y(needed.better)} />
        <line class="limit bad" x1={EDGE} x2={WIDTH - 8} y1={y(-needed.worse)} y2={y(-needed.worse)} />
        <path class="path good" d={line(([, better]) => Math.max(0, better))} />
        <path class="path bad" d={line(([, , worse]) => -Math.max(0, worse))} />
        <text x={WIDTH - 10} y={y(needed.better) - 4} text-anchor="end">
          proven better
        </text>
        <text x={WIDTH - 10} y={y(-needed.worse) - 4} text-anchor="end">
          proven worse
        </text>
        <text x={EDGE} y={HEIGHT - 5}>
          0
        </text>
        <text x={WIDTH - 8} y={HEIGHT - 5} text-anchor="end">
          {far} tasks judged
        </text>
      </svg>
      <figcaption class="small soft">
        The sequential test, as this dashboard saw it grow: {Math.max(0, last?.[1] ?? 0).toFixed(1)} of{' '}
        {needed.better.toFixed(1)} that it is better, {Math.max(0, last?.[2] ?? 0).toFixed(1)} of{' '}
        {needed.worse.toFixed(1)} that it is worse. It may be read at any time.
      </figcaption>
    </figure>
  );
}

function Guards({ trial }: { trial: TrialRow }) {
  return (
    <table class="list">
      <thead>
        <tr>
          <th scope="col">Test</th>
          <th scope="col">Evidence of what is needed</th>
          <th scope="col" class="right">
            Rows
          </th>
        </tr>
      </thead>
      <tbody>
        {trial.tests.map((test) => (
          <tr key={test.name}>
            <th scope="row">{test.name}</th>
            <td>
              <span class="share">
                <span class={`bar ${test.harm ? 'warn' : 'strong'}`} aria-hidden="true">
                  <span style={{ width: `${Math.max(0, Math.min(1, test.evidence / test.needed)) * 100}%` }} />
                </span>
                <span class="num">
                  {Math.max(0, test.evidence).toFixed(1)} of {test.needed.toFixed(1)}
                </span>
              </span>
            </td>
            <td class="right num">{count(test.rows)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Slices({ trial }: { trial: TrialRow }) {
  return (
    <details>
      <summary>Slices: is it worse for anybody?</summary>
      <Scroll label="Slices">
        <table class="list">
          <tbody>
            {trial.slices.slice(0, 20).map((slice) => (
              <tr key={slice.name}>
                <th scope="row">{slice.name}</th>
                <td class="num">
                  {slice.gain === null
                    ? '–'
                    : `${slice.gain >= 0 ? '+' : '−'}${(Math.abs(slice.gain) * 100).toFixed(1)} points`}
                </td>
                <td class="right num">{count(slice.rows)} tasks</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </details>
  );
}

function Drift({ trial }: { trial: TrialRow }) {
  const watched = trial.drift.filter((one) => one.units > 0);
  if (watched.length === 0) return null;
  return (
    <details>
      <summary>
        Drift of the champion's failures
        {watched.some((one) => one.alarmed) && <Badge word="alarm" tone="bad" />}
      </summary>
      <Scroll label="Drift">
        <table class="list">
          <tbody>
            {watched.slice(0, 20).map((one) => (
              <tr key={one.name}>
                <th scope="row">{one.name}</th>
                <td class="num">{percent(one.recent)} fail now</td>
                <td class="num soft">
                  {one.baseline === null ? 'no baseline yet' : `usually ${percent(one.baseline)}`}
                </td>
                <td class="right num">{count(one.units)} tasks</td>
                <td>{one.alarmed && <Badge word="alarm" tone="bad" />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </details>
  );
}
