// Addresses of pages: real paths, so that every page can be kept, sent and opened again.
import { computed, signal } from '@preact/signals';

const path = signal(location.pathname);
export const query = signal(new URLSearchParams(location.search));

addEventListener('popstate', () => {
  path.value = location.pathname;
  query.value = new URLSearchParams(location.search);
});

export const route = computed(() => {
  const [page = '', ...rest] = path.value.split('/').slice(1);
  return { page: page === '' ? 'now' : page, rest: rest.map(decodeURIComponent).join('/') };
});

export function go(to: string): void {
  if (to === location.pathname + location.search) return;
  history.pushState(null, '', to);
  path.value = location.pathname;
  query.value = new URLSearchParams(location.search);
  scrollTo(0, 0);
}

/** Changes the query without a step in the history. */
export function setQuery(fields: Record<string, string>): void {
  const next = new URLSearchParams(query.value);
  for (const [key, value] of Object.entries(fields)) {
    if (value === '') next.delete(key);
    else next.set(key, value);
  }
  const text = next.toString();
  history.replaceState(null, '', location.pathname + (text === '' ? '' : `?${text}`));
  query.value = next;
}

export const taskPath = (id: string): string => `/tasks/${id.split('/').map(encodeURIComponent).join('/')}`;

/** Links stay links (middle click, screen readers); a plain click needs no new page. */
export function followLinks(): void {
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = (event.target as Element | null)?.closest?.('a');
    if (link?.target !== '' || link.origin !== location.origin || link.hasAttribute('download') || link.hash !== '')
      return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}
