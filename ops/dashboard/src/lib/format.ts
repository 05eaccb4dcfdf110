// Numbers and moments as people read them. One place, so that the same thing looks the same everywhere.
const clockForm = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});
const dayForm = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hour12: false,
});
const numberForm = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const shortForm = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

export const clock = (at: number | string): string => clockForm.format(new Date(at));
export const moment = (at: number | string): string => {
  const date = new Date(at);
  return date.toDateString() === new Date().toDateString() ? clockForm.format(date) : dayForm.format(date);
};
export const count = (n: number): string => (n >= 1_000_000 ? shortForm.format(n) : numberForm.format(n));
export const percent = (share: number | null | undefined): string =>
  share === null || share === undefined || Number.isNaN(share)
    ? '–'
    : `${(share * 100).toFixed(share > 0 && share < 0.0995 ? 1 : 0)}%`;
export const ms = (value: number | null | undefined): string => {
  if (value === null || value === undefined) return '–';
  if (value < 10) return `${value.toFixed(1)} ms`;
  if (value < 1_000) return `${Math.round(value)} ms`;
  if (value < 60_000) return `${(value / 1_000).toFixed(1)} s`;
  return `${Math.round(value / 60_000)} min`;
};
export const money = (usd: number): string =>
  usd === 0 ? '$0' : usd < 1 ? `$${usd.toFixed(3)}` : `$${usd.toFixed(2)}`;
export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;
export const ago = (at: number | string, now = Date.now()): string => {
  const seconds = Math.max(0, Math.round((now - new Date(at).getTime()) / 1_000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3_600) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3_600)} h ago`;
  return `${Math.round(seconds / 86_400)} d ago`;
};

export const ranked = (probabilities: Readonly<Record<string, number>>): [string, number][] =>
  Object.entries(probabilities).sort(([a, p], [b, q]) => q - p || (a < b ? -1 : 1));
