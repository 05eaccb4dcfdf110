// Short words about what was just done, read out by screen readers, gone by themselves.
import { signal } from '@preact/signals';

export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly tone: 'good' | 'bad';
}

export const notices = signal<readonly Notice[]>([]);
let next = 0;

export function tell(text: string, tone: Notice['tone'] = 'good'): void {
  const notice = { id: ++next, text, tone };
  notices.value = [...notices.value.slice(-3), notice];
  setTimeout(() => dismiss(notice.id), tone === 'bad' ? 12_000 : 6_000);
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}
