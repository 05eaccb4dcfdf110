// How a family learned: the figures of its versions, oldest first (what each training saw on rows it was not given), and within one training.

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

/** Within the newest training that kept it: the loss by epoch, on the rows it was given and on those it was not. */
export function Training({ family }: { family: FamilyReport }) {
  const version = family.versions.find(({ curves }) => Object.values(curves).some((points) => points.length > 1));
  if (!version) return null;
  const curves = Object.entries(version.curves).slice(0, COLOURS.length);
  const epochs = [...new Set(curves.flatMap(([, points]) => points.map(([epoch]) => epoch)))].sort((a, b) => a - b);
  const words = curves
    .map(([name, points]) => `${name.replaceAll('_', ' ')} ${short(points[0]?.[1])} to ${short(points.at(-1)?.[1])}`)
    .join(', ');
  return (
    <details open>
      <summary>Training of {version.name}</summary>
      <Chart
        label={`Training of ${version.name} over ${epochs.length} epochs: ${words}`}
        lines={curves.map(([name], i) => ({
          label: `${name.replaceAll('_', ' ')}, by epoch`,
          colour: COLOURS[i] ?? 'info',
        }))}
        data={[
          epochs,
          ...curves.map(([, points]) => {
            const values = new Map(points);
            return epochs.map((epoch) => values.get(epoch) ?? null);
          }),
        ]}
        top={0}
        along={(epoch) => (Number.isInteger(epoch) ? String(epoch) : '')}
      />
    </details>
  );
}

const short = (value: number | undefined): string =>
  value === undefined ? '–' : Number(value.toPrecision(3)).toString();
