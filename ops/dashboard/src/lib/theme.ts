// Light, dark, or as the system has it.
import { effect, signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';
const KEY = 'cortex-theme';
const stored = localStorage.getItem(KEY);
export const theme = signal<Theme>(stored === 'light' || stored === 'dark' ? stored : 'system');
/** Changes whenever colours do, for what is drawn on a canvas. */
export const paint = signal(0);

const system = matchMedia('(prefers-color-scheme: dark)');
const apply = () => {
  const dark = theme.value === 'dark' || (theme.value === 'system' && system.matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
  paint.value = paint.peek() + 1;
};
system.addEventListener('change', apply);
effect(() => {
  if (theme.value === 'system') localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, theme.value);
  apply();
});

export const nextTheme = (): void => {
  theme.value = theme.value === 'system' ? 'dark' : theme.value === 'dark' ? 'light' : 'system';
};
