// Small parts that every page is made of.
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { session } from '../lib/api.js';
import { percent } from '../lib/format.js';
import { hue } from '../lib/hue.js';

export function Page(props: { title: string; about?: string; tools?: ComponentChildren; children: ComponentChildren }) {
  useEffect(() => {
    document.title = `${props.title} · Cortex`;
  }, [props.title]);
  return (
    <main id="main" class="page" tabIndex={-1}>
      <header class="page-head">
        <div>
          <h1>{props.title}</h1>
          {props.about && <p class="soft">{props.about}</p>}
        </div>
        {props.tools && <div class="tools">{props.tools}</div>}
      </header>
      {props.children}
    </main>
  );
}

export function Panel(props: {
  title: string;
  note?: ComponentChildren;
  class?: string;
  tools?: ComponentChildren;
  children: ComponentChildren;
}) {
  const id = useId();
  return (
    <section class={`panel ${props.class ?? ''}`} aria-labelledby={id}>
      <header class="panel-head">
        <h2 id={id}>{props.title}</h2>
        {props.note && <span class="soft small">{props.note}</span>}
        {props.tools && <div class="tools">{props.tools}</div>}
      </header>
      {props.children}
    </section>
  );
}

const TONES: Readonly<Record<string, string>> = {
  settled: 'good',
  ready: 'good',
  active: 'good',
  idle: 'quiet',
  decided: 'info',
  admitted: 'quiet',
  corrected: 'info',
  escalated: 'warn',
  degraded: 'warn',
  paused: 'warn',
  warning: 'warn',
  starting: 'quiet',
  draining: 'quiet',
  cancelled: 'quiet',
  expired: 'warn',
  failed: 'bad',
  critical: 'bad',
  busy: 'info',
};

export function Badge({ word, tone }: { word: string; tone?: string }) {
  return <span class={`badge ${tone ?? TONES[word] ?? 'quiet'}`}>{word}</span>;
}

export function MasterName({ name }: { name: string }) {
  if (name === '') return <span class="soft">–</span>;
  return (
    <span class="master">
      <span class={`dot ${hue(name)}`} aria-hidden="true" />
      {name}
    </span>
  );
}

/** A share as a bar with its number. */
export function Share({ value, label, tone }: { value: number; label?: string; tone?: string }) {
  return (
    <span class="share">
      <span class={`bar ${tone ?? ''}`} aria-hidden="true">
        <span style={{ width: `${Math.max(0, Math.min(1, value)) * 100}%` }} />
      </span>
      <span class="num">{label ?? percent(value)}</span>
    </span>
  );
}

/** What may be wider than its place: it scrolls, by keyboard too, and the page does not. */
export function Scroll(props: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (axe: scrollable-region-focusable)
    <section class="scroll" aria-label={props.label} tabIndex={0}>
      {props.children}
    </section>
  );
}

/** Text as it is; long ones scroll, by keyboard too. */
export function Verbatim(props: { label: string; short?: boolean; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (axe: scrollable-region-focusable)
    <section class={`payload ${props.short ? 'short' : ''}`} aria-label={props.label} tabIndex={0}>
      <pre>{props.children}</pre>
    </section>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children && <div class="soft">{children}</div>}
    </div>
  );
}

export function Trouble({ text }: { text: string }) {
  return (
    <p class="trouble" role="alert">
      {text}
    </p>
  );
}

export function Tile(props: { label: string; value: string; note?: ComponentChildren; tone?: string | undefined }) {
  return (
    <div class={`tile ${props.tone ?? ''}`}>
      <dt>{props.label}</dt>
      <dd>
        <span class="tile-value">{props.value}</span>
        {props.note && <span class="tile-note">{props.note}</span>}
      </dd>
    </div>
  );
}

/** A button that acts: for readers it is off, and says why. */
export function Act(props: {
  children: ComponentChildren;
  onClick: () => void;
  kind?: 'main' | 'danger' | 'plain';
  disabled?: boolean;
  label?: string;
  small?: boolean;
}) {
  const reader = session.value?.role === 'reader';
  return (
    <button
      type="button"
      class={`button ${props.kind ?? 'plain'} ${props.small ? 'small' : ''}`}
      disabled={reader || props.disabled}
      title={reader ? 'You may look, not act: log in with an operator token' : undefined}
      aria-label={props.label}
      onClick={props.onClick}
    >
      {props.children}
    </button>
  );
}

/** The browser's own dialog: focus stays inside, Escape closes it. */
export function Dialog(props: {
  title: string;
  open: boolean;
  onClose: () => void;
  children: ComponentChildren;
  wide?: boolean;
}) {
  const box = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = box.current;
    if (!dialog) return;
    if (props.open && !dialog.open) dialog.showModal();
    if (!props.open && dialog.open) dialog.close();
  }, [props.open]);
  return (
    <dialog ref={box} class={props.wide ? 'wide' : ''} aria-labelledby={id} onClose={props.onClose}>
      {props.open && (
        <>
          <header class="dialog-head">
            <h2 id={id}>{props.title}</h2>
            <button type="button" class="button plain small" onClick={props.onClose} aria-label="Close">
              ✕
            </button>
          </header>
          {props.children}
        </>
      )}
    </dialog>
  );
}

export function Facts({ rows }: { rows: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {rows.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
