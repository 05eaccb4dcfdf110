// How a family learned: the figures of its versions, oldest first. What each training saw on rows it was not given.

import { Chart } from '../../ui/chart.js';
import type { FamilyReport } from '../../wire.js';

const COLOURS = ['good', 'info', 'warn', 'bad'] as const;

export function Curve({ family }: { family: FamilyReport }) {
  const versions = family.versions
    .map((version) => ({ ...version, number: Number(version.name.split('@')[1]) }))
    .sort((a, b) => a.number - b.number);
  // Shares alone can stand on one axis.
  const isShare = (value: number | null | undefined) => typeof value === 'number' && value >= 0 && value <= 1;
  const names = [...new Set(versions.flatMap((version) => Object.keys(version.metrics)))]
    .filter((name) => versions.filter((version) => isShare(version.metrics[name])).length > 1)
    .slice(0, COLOURS.length);
  if (versions.length < 2 || names.length === 0) return null;
  const first = versions[0];
  const last = versions.at(-1);
  const words = names
    .map((name) => `${name.replaceAll('_', ' ')} ${first?.metrics[name] ?? '–'} to ${last?.metrics[name] ?? '–'}`)
    .join(', ');
  return (
    <details open>
      <summary>Learning curve</summary>
      <Chart
        label={`Figures of ${family.family} from ${first?.name} to ${last?.name}: ${words}`}
        lines={names.map((name, i) => ({
          label: name.replaceAll('_', ' '),
          colour: COLOURS[i] ?? 'info',
          dots: true,
        }))}
        data={[
          versions.map((version) => version.number),
          ...names.map((name) =>
            versions.map(({ metrics }) => (isShare(metrics[name]) ? (metrics[name] ?? null) : null)),
          ),
        ]}
        along={(number) => (Number.isInteger(number) ? `@${number}` : '')}
      />
    </details>
  );
}
