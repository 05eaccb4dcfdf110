// Time series by uPlot, in the page's own colours, with its numbers in words for who cannot see it.
import { effect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { clock } from '../lib/format.js';
import { paint } from '../lib/theme.js';

export interface Line {
  readonly label: string;
  /** Name of a colour of the page: good, info, warn, bad, soft. */
  readonly colour: string;
  readonly fill?: boolean;
  readonly dash?: boolean;
  readonly dots?: boolean;
}

export interface ChartProps {
  /** What it shows, in a sentence. */
  readonly label: string;
  readonly lines: readonly Line[];
  /** Times in seconds since the epoch (with `along`: any numbers), then the values of each line. */
  readonly data: readonly (readonly (number | null)[])[];
  readonly height?: number;
  readonly unit?: string;
  /** Words for the numbers along the bottom, when they are no times. */
  readonly along?: (value: number) => string;
  /** What the scale reaches at least. Default 1. */
  readonly top?: number;
  /** A bound that is drawn across. */
  readonly bound?: number;
}

const colourOf = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

export function Chart(props: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const last = useRef(props);
  last.current = props;
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const draw = () => {
      chart.current?.destroy();
      element.replaceChildren();
      chart.current = new uPlot(
        options(last.current, element.clientWidth),
        last.current.data as uPlot.AlignedData,
        element,
      );
    };
    const stop = effect(() => {
      paint.value;
      // Colours hold once the theme is set on the document.
      queueMicrotask(draw);
    });
    const watch = new ResizeObserver(() => {
      const width = element.clientWidth;
      if (width > 0 && chart.current) chart.current.setSize({ width, height: last.current.height ?? 150 });
    });
    watch.observe(element);
    return () => {
      stop();
      watch.disconnect();
      chart.current?.destroy();
      chart.current = undefined;
    };
  }, []);
  useEffect(() => {
    chart.current?.setData(props.data as uPlot.AlignedData);
  }, [props.data]);
  return (
    <figure class="chart">
      <div ref={box} role="img" aria-label={props.label} />
      <figcaption>
        {props.lines.map((line) => (
          <span key={line.label} class="legend">
            <span class={`swatch tone-${line.colour}`} aria-hidden="true" />
            {line.label}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

function options(props: ChartProps, width: number): uPlot.Options {
  const soft = colourOf('soft');
  const grid = { stroke: colourOf('line'), width: 1 };
  const font = '11px system-ui, sans-serif';
  return {
    width: Math.max(width, 120),
    height: props.height ?? 150,
    legend: { show: false },
    cursor: { show: false },
    // The last word along the bottom stands half beyond the last point.
    padding: [8, 20, 0, 0],
    scales: {
      x: { time: props.along === undefined },
      y: {
        range: (_u, _min, max) => [
          0,
          1.05 * (Math.max(max ?? 0, props.bound === undefined ? (props.top ?? 1) : props.bound * 1.15) || 1),
        ],
      },
    },
    axes: [
      {
        stroke: soft,
        grid: { show: false },
        ticks: { show: false },
        font,
        space: 90,
        size: 26,
        values: (_u, at) => at.map((one) => props.along?.(one) ?? clock(one * 1_000)),
      },
      {
        stroke: soft,
        grid,
        ticks: { show: false },
        font,
        size: 46,
        space: 32,
        values: (_u, values) => values.map((v) => `${v}${props.unit ?? ''}`),
      },
    ],
    series: [
      {},
      ...props.lines.map((line) => ({
        label: line.label,
        stroke: colourOf(line.colour),
        width: 1.6,
        // A second alone has no line to it: it is drawn as a dot.
        points: { show: line.dots === true, size: 4, fill: colourOf(line.colour) },
        spanGaps: false,
        ...(line.dash ? { dash: [5, 4] } : {}),
        ...(line.fill ? { fill: `color-mix(in srgb, ${colourOf(line.colour)} 14%, transparent)` } : {}),
      })),
    ],
    hooks: {
      draw: [
        (u) => {
          if (props.bound === undefined) return;
          const y = u.valToPos(props.bound, 'y', true);
          u.ctx.save();
          u.ctx.strokeStyle = colourOf('bad');
          u.ctx.setLineDash([6, 5]);
          u.ctx.beginPath();
          u.ctx.moveTo(u.bbox.left, y);
          u.ctx.lineTo(u.bbox.left + u.bbox.width, y);
          u.ctx.stroke();
          u.ctx.restore();
        },
      ],
    },
  };
}
