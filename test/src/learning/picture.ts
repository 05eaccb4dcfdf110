// Accuracy over the stream as one SVG: windows with their intervals, and each training, canary, promotion and roll-back where it happened.
import type { ImproveReport } from './improve.js';

const WIDTH = 960;
const HEIGHT = 420;
const LEFT = 56;
const RIGHT = 16;
const TOP = 40;
const BOTTOM = 64;
const COLOURS: Readonly<Record<string, string>> = {
  trained: '#888888',
  shadow: '#9467bd',
  canary: '#ff7f0e',
  promoted: '#2ca02c',
  'rolled-back': '#d62728',
};

export function pictureOf(report: ImproveReport): string {
  const low = Math.max(0, Math.min(report.first.low, ...report.windows.map((w) => w.low)) - 0.02);
  const high = Math.min(1, Math.max(report.all_labels.high, ...report.windows.map((w) => w.high)) + 0.02);
  const x = (task: number) => LEFT + ((WIDTH - LEFT - RIGHT) * task) / Math.max(1, report.tasks);
  const y = (value: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - low) / (high - low));
  const n = (value: number) => value.toFixed(1);
  const parts: string[] = [];
  const text = (px: number, py: number, words: string, more = '') =>
    parts.push(`<text x="${n(px)}" y="${n(py)}" ${more}>${xml(words)}</text>`);
  for (let tick = Math.ceil(low * 20) / 20; tick <= high; tick += 0.05) {
    parts.push(`<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${n(y(tick))}" y2="${n(y(tick))}" stroke="#eeeeee"/>`);
    text(LEFT - 6, y(tick) + 4, `${Math.round(100 * tick)} %`, 'text-anchor="end"');
  }
  for (let task = 0; task <= report.tasks; task += 500)
    text(x(task), HEIGHT - BOTTOM + 18, String(task), 'text-anchor="middle"');
  const canaries = report.events.filter(({ event }) => event === 'canary');
  for (const [i, { task, share }] of canaries.entries()) {
    const end = report.events.find((e) => e.task >= task && /promoted|rolled-back|canary-ended/.test(e.event))?.task;
    const next = canaries[i + 1]?.task;
    const to = Math.min(next ?? report.tasks, end ?? report.tasks);
    parts.push(
      `<rect x="${n(x(task))}" y="${TOP}" width="${n(Math.max(1, x(to) - x(task)))}" height="${HEIGHT - TOP - BOTTOM}" fill="#ff7f0e" opacity="${(0.08 + share / 3).toFixed(2)}"/>`,
    );
  }
  for (const { task, event, version } of report.events) {
    const colour = COLOURS[event];
    if (!colour || event === 'canary') continue;
    const dashed = event === 'trained' || event === 'shadow' ? ' stroke-dasharray="3 4"' : '';
    parts.push(
      `<line x1="${n(x(task))}" x2="${n(x(task))}" y1="${TOP}" y2="${HEIGHT - BOTTOM}" stroke="${colour}"${dashed}><title>${xml(`${event} ${version} after ${task} tasks`)}</title></line>`,
    );
    if (event === 'promoted') text(x(task) + 3, TOP + 12, version, `fill="${colour}"`);
  }
  const middle = (w: { from: number; to: number }) => x((w.from + w.to) / 2);
  const { windows } = report;
  const band = [
    ...windows.map((w) => `${n(middle(w))},${n(y(w.high))}`),
    ...[...windows].reverse().map((w) => `${n(middle(w))},${n(y(w.low))}`),
  ];
  parts.push(`<polygon points="${band.join(' ')}" fill="#1f77b4" opacity="0.18"/>`);
  parts.push(
    `<polyline points="${windows.map((w) => `${n(middle(w))},${n(y(w.value))}`).join(' ')}" fill="none" stroke="#1f77b4" stroke-width="2"/>`,
  );
  for (const [value, words] of [
    [report.first.value, 'first model, test set'],
    [report.last.value, `${report.champion}, test set`],
    [report.all_labels.value, 'all labels at once, test set'],
  ] as const) {
    parts.push(
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${n(y(value))}" y2="${n(y(value))}" stroke="#333333" stroke-dasharray="8 4" opacity="0.6"/>`,
    );
    text(WIDTH - RIGHT - 4, y(value) - 4, `${words} ${(100 * value).toFixed(1)} %`, 'text-anchor="end"');
  }
  text(LEFT, 22, 'Share of tasks decided rightly, in windows of 200 with 95 % intervals', 'font-size="14"');
  const legend = [
    ['trained', 'a version is trained'],
    ['shadow', 'shadow'],
    ['canary', 'canary (darker: more traffic)'],
    ['promoted', 'promoted'],
    ['rolled-back', 'rolled back'],
  ] as const;
  legend.forEach(([event, words], i) => {
    const px = LEFT + i * 180;
    parts.push(`<rect x="${px}" y="${HEIGHT - 26}" width="12" height="12" fill="${COLOURS[event]}"/>`);
    text(px + 18, HEIGHT - 16, words);
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="11" fill="#333333" role="img" aria-label="Accuracy over the stream"><title>Accuracy over the stream</title><rect width="100%" height="100%" fill="#ffffff"/>${parts.join('')}</svg>\n`;
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
