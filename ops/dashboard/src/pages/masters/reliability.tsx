// A reliability diagram: how sure it was against how often it was right; on the line, "90 % sure" means nine in ten.
import { percent, plural } from '../../lib/format.js';
import type { MasterReport } from '../../wire.js';

const SIZE = 200;
const EDGE = 26;
/** Room for the largest dot at the edge. */
const ROOM = 11;

export function Reliability({ bins }: { bins: MasterReport['calibration'] }) {
  if (bins.length === 0) return <p class="soft">Nothing is known yet: it takes outcomes or corrections.</p>;
  const all = bins.reduce((sum, bin) => sum + bin.of, 0);
  const gap = bins.reduce((sum, bin) => sum + (bin.of / all) * Math.abs(bin.right - bin.confidence), 0);
  const x = (share: number) => EDGE + share * (SIZE - EDGE - ROOM);
  const y = (share: number) => SIZE - EDGE - share * (SIZE - EDGE - ROOM);
  const most = Math.max(...bins.map((bin) => bin.of));
  return (
    <figure class="reliability">
      <svg
        viewBox={`0 0 ${SIZE} ${SIZE}`}
        role="img"
        aria-label={`Calibration over ${all} tasks, mean gap ${percent(gap)}`}
      >
        <line class="axis" x1={x(0)} y1={y(0)} x2={x(1)} y2={y(0)} />
        <line class="axis" x1={x(0)} y1={y(0)} x2={x(0)} y2={y(1)} />
        <line class="diagonal" x1={x(0)} y1={y(0)} x2={x(1)} y2={y(1)} />
        {bins.map((bin) => (
          <circle key={bin.confidence} cx={x(bin.confidence)} cy={y(bin.right)} r={3 + 6 * Math.sqrt(bin.of / most)}>
            <title>{`${percent(bin.confidence)} sure, ${percent(bin.right)} right, ${bin.of} tasks`}</title>
          </circle>
        ))}
        <text x={x(0.5)} y={SIZE - 6} text-anchor="middle">
          how sure
        </text>
        <text x={10} y={y(0.5)} text-anchor="middle" transform={`rotate(-90 10 ${y(0.5)})`}>
          how often right
        </text>
      </svg>
      <figcaption class="small soft">
        {plural(all, 'task')} whose right master is known; mean gap {percent(gap)}.
      </figcaption>
    </figure>
  );
}
