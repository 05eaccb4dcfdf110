// Ten thousand rows in view: only those on the screen are in the page, the rest is space above and below. Roles instead of a
// table element, which cannot have rows that are not there.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

const SPARE = 8;

export interface RowsProps<T> {
  readonly items: readonly T[];
  readonly height: number;
  readonly label: string;
  readonly columns: readonly string[];
  readonly keyOf: (item: T) => string;
  readonly row: (item: T, index: number) => ComponentChildren;
  /** Whether the reader has left the top: what arrives must not move the list under the eyes. */
  readonly onAway?: (away: boolean) => void;
  readonly class?: string;
}

export function Rows<T>(props: RowsProps<T>) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 800 });
  const { items, height } = props;
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const watch = new ResizeObserver(() => setView((was) => ({ ...was, height: element.clientHeight })));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  const first = Math.max(0, Math.floor(view.top / height) - SPARE);
  const last = Math.min(items.length, Math.ceil((view.top + view.height) / height) + SPARE);
  const onScroll = () => {
    const top = box.current?.scrollTop ?? 0;
    setView((was) => ({ ...was, top }));
    props.onAway?.(top > height);
  };
  return (
    <div class={`rows ${props.class ?? ''}`} role="table" aria-label={props.label} aria-rowcount={items.length + 1}>
      <div role="rowgroup" class="rows-head">
        <div role="row" class="row" aria-rowindex={1}>
          {props.columns.map((column) => (
            <div role="columnheader" key={column}>
              {column}
            </div>
          ))}
        </div>
      </div>
      <div
        role="rowgroup"
        class="rows-body"
        ref={box}
        onScroll={onScroll}
        tabIndex={0}
        aria-label={`${props.label}, scroll`}
      >
        <div class="rows-all" style={{ height: `${items.length * height}px` }} role="presentation">
          <div class="rows-seen" style={{ transform: `translateY(${first * height}px)` }} role="presentation">
            {items.slice(first, last).map((item, i) => (
              <div
                role="row"
                class="row"
                key={props.keyOf(item)}
                aria-rowindex={first + i + 2}
                style={{ height: `${height}px` }}
              >
                {props.row(item, first + i)}
              </div>
            ))}
          </div>
        </div>
      </div>
    </div>
  );
}

export const Cell = (props: { class?: string; children?: ComponentChildren }) => (
  <div role="cell" class={`cell ${props.class ?? ''}`}>
    {props.children}
  </div>
);
