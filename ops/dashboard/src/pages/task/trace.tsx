// The trace as a waterfall: every hop with its time, nested as it was called. Spans come over the bus and live in memory.
import { Fragment } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { ms } from '../../lib/format.js';
import { hue } from '../../lib/hue.js';
import { Empty, Facts, Panel, Scroll } from '../../ui/parts.js';
import type { SpanRow, TaskLife } from '../../wire.js';

interface Line {
  readonly span: SpanRow;
  readonly depth: number;
}

/** By the part that made it; within one process by what it does. */
const colourOf = (span: SpanRow, several: boolean): string =>
  hue(several ? span.service : (span.name.split(' ')[0] ?? ''));

export function Trace({ life }: { life: TaskLife }) {
  const { spans } = life;
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  const lines = useMemo(() => nested(spans), [spans]);
  const several = new Set(spans.map((span) => span.service)).size > 1;
  const start = Math.min(...spans.map((span) => span.start));
  const length = Math.max(0.001, Math.max(...spans.map((span) => span.start + span.ms)) - start);
  const elsewhere = life.trace_link && (
    <a href={life.trace_link} target="_blank" rel="noreferrer">
      Open it in the trace store
    </a>
  );
  if (spans.length === 0)
    return (
      <Panel title="Trace" tools={elsewhere}>
        <Empty title="No spans in memory">
          <p>
            {life.decision?.trace_id
              ? 'The dashboard keeps the traces of what happened while it ran. Older ones are in the trace store, when one is set (OTEL_EXPORTER_OTLP_ENDPOINT).'
              : 'Nothing of this task was traced.'}
          </p>
        </Empty>
      </Panel>
    );
  return (
    <Panel title="Trace" note={`${spans.length} spans, ${ms(length)} from first to last`} tools={elsewhere}>
      <Scroll label="Spans">
        <table class="trace">
          {/* The head is hidden, so that no cell of it can set the widths. */}
          <colgroup>
            <col class="trace-name" />
            <col />
            <col class="trace-took" />
          </colgroup>
          <thead class="hidden">
            <tr>
              <th scope="col">Span</th>
              <th scope="col">When</th>
              <th scope="col">Took</th>
            </tr>
          </thead>
          <tbody>
            {lines.map(({ span, depth }) => (
              <Fragment key={span.span}>
                <tr class={span.error ? 'failed' : ''}>
                  <th scope="row">
                    <button
                      type="button"
                      class="as-row"
                      aria-expanded={chosen === span.span}
                      onClick={() => setChosen(chosen === span.span ? undefined : span.span)}
                      style={{ paddingLeft: `${Math.min(depth, 12) * 14}px` }}
                    >
                      <span class={`dot ${colourOf(span, several)}`} aria-hidden="true" />
                      <span class="cut">{span.name}</span>
                      <span class="soft small">{span.service.replace(/^cortex-?/, '')}</span>
                    </button>
                  </th>
                  <td class="trace-time">
                    <span
                      class={`trace-bar ${span.error ? 'bad' : colourOf(span, several)}`}
                      style={{
                        marginLeft: `${((span.start - start) / length) * 100}%`,
                        width: `${Math.max(0.4, (span.ms / length) * 100)}%`,
                      }}
                    />
                  </td>
                  <td class="right num">{ms(span.ms)}</td>
                </tr>
                {chosen === span.span && (
                  <tr>
                    <td colSpan={3}>
                      <Facts
                        rows={[
                          ['Starts at', `+${ms(span.start - start)}`],
                          ['Kind', span.kind],
                          ...(span.error ? ([['Error', span.error]] as const) : []),
                          ...Object.entries(span.attributes).map(([key, value]) => [key, String(value)] as const),
                        ]}
                      />
                    </td>
                  </tr>
                )}
              </Fragment>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}

/** Children under their parents, by start; whose parent is elsewhere stands at the top. */
function nested(spans: readonly SpanRow[]): Line[] {
  const ids = new Set(spans.map((span) => span.span));
  const children = new Map<string, SpanRow[]>();
  const roots: SpanRow[] = [];
  for (const span of spans) {
    if (span.parent !== undefined && ids.has(span.parent))
      children.set(span.parent, [...(children.get(span.parent) ?? []), span]);
    else roots.push(span);
  }
  const lines: Line[] = [];
  const walk = (span: SpanRow, depth: number) => {
    if (lines.length > 2_000) return;
    lines.push({ span, depth });
    for (const child of children.get(span.span) ?? []) walk(child, depth + 1);
  };
  for (const root of roots) walk(root, 0);
  return lines;
}
