// A passage in the middle, what the librarian finds near it around it; closer means a better score. Choosing one puts it in the middle.
import { Scroll } from '../../ui/parts.js';
import type { Passage } from '../../wire.js';

const WIDTH = 680;
const HEIGHT = 330;
const MOST = 10;

export const placeOf = (hit: Passage): string =>
  `${hit.repository ? `${hit.repository}:` : ''}${hit.source}${hit.lines ? `:${hit.lines[0]}–${hit.lines[1]}` : ''}`;

export function Neighbourhood(props: { centre: Passage; near: readonly Passage[]; choose: (hit: Passage) => void }) {
  const near = props.near.slice(0, MOST);
  if (near.length === 0) return <p class="soft">Nothing was found near it.</p>;
  const scores = near.map((hit) => hit.score);
  const best = Math.max(...scores);
  const worst = Math.min(...scores);
  const at = near.map((hit, i) => {
    const far = best === worst ? 0.7 : 0.55 + 0.4 * ((best - hit.score) / (best - worst));
    const angle = (i / near.length) * 2 * Math.PI - Math.PI / 2;
    return { hit, x: WIDTH / 2 + Math.cos(angle) * far * 230, y: HEIGHT / 2 + Math.sin(angle) * far * 135 };
  });
  return (
    <>
      <Scroll label="Picture of what lies near">
        <svg class="graph" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
          {at.map(({ hit, x, y }) => (
            <line key={placeOf(hit)} x1={WIDTH / 2} y1={HEIGHT / 2} x2={x} y2={y} />
          ))}
          {at.map(({ hit, x, y }) => (
            <g key={placeOf(hit)} class={`node ${hit.collection}`}>
              <circle cx={x} cy={y} r="7" />
              <text x={x} y={y + (y < HEIGHT / 2 ? -12 : 20)} text-anchor="middle">
                {short(hit.symbol ?? hit.title)}
              </text>
            </g>
          ))}
          <g class="node centre">
            <circle cx={WIDTH / 2} cy={HEIGHT / 2} r="10" />
            <text x={WIDTH / 2} y={HEIGHT / 2 + 26} text-anchor="middle">
              {short(props.centre.symbol ?? props.centre.title)}
            </text>
          </g>
        </svg>
      </Scroll>
      <ul class="near">
        {near.map((hit) => (
          <li key={placeOf(hit)}>
            <button type="button" class="as-link" onClick={() => props.choose(hit)}>
              {hit.symbol ?? hit.title}
            </button>
            <span class="soft small">
              {' '}
              {placeOf(hit)}: {hit.why}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

/** Of a path of headings the last says most: the first ones are those of its neighbours too. */
function short(text: string): string {
  const last = text.split(' › ').at(-1) ?? text;
  return last.length > 26 ? `${last.slice(0, 25)}…` : last;
}
