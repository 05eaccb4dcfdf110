// Times as people read them: a clock in local time, ages and lengths in at most two units.

/** `14:03:09.120` in local time. */
export function clock(at: string | number | Date): string {
  const date = new Date(at);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** `2026-11-22 14:03:09` in local time. */
export function moment(at: string | number | Date): string {
  const date = new Date(at);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(date).slice(0, 8)}`;
}

/** `12 ms`, `3.4 s`, `2 min 5 s`, `3 h 20 min`, `4 d 2 h`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const units: [number, string][] = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1_000, 's'],
  ];
  const first = units.findIndex(([size]) => ms >= size);
  const parts: string[] = [];
  let left = ms;
  for (const [size, unit] of units.slice(first, first + 2)) {
    const n = Math.floor(left / size);
    left -= n * size;
    if (n > 0) parts.push(`${n} ${unit}`);
  }
  return parts.join(' ');
}

/** `3 min 5 s ago`. */
export function age(at: string | number | Date, now = Date.now()): string {
  const ms = now - new Date(at).getTime();
  return ms < 1_000 ? 'just now' : `${duration(ms)} ago`;
}
