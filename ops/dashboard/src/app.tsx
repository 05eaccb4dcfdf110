// The frame of every page: where one is, how the system is, who one is. Pages are chosen by their address.
import { effect } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { logOut, session } from './lib/api.js';
import { bus, link, loadTasks, now, startLive, stopLive } from './lib/live.js';
import { dismiss, notices } from './lib/notices.js';
import { go, route, taskPath } from './lib/router.js';
import { nextTheme, theme } from './lib/theme.js';
import { AlertsPage } from './pages/alerts.js';
import { DeadPage } from './pages/dead.js';
import { LibrarianPage } from './pages/librarian.js';
import { LoginPage } from './pages/login.js';
import { MastersPage } from './pages/masters.js';
import { ModelsPage } from './pages/models.js';
import { NowPage } from './pages/now.js';
import { PromptsPage } from './pages/prompts.js';
import { ReviewsPage } from './pages/reviews.js';
import { TaskPage } from './pages/task.js';
import { TasksPage } from './pages/tasks.js';
import { Guard } from './ui/guard.js';
import { Mark } from './ui/mark.js';

interface Place {
  readonly path: string;
  readonly name: string;
  readonly page: ComponentType;
  /** How many things wait there. */
  readonly waits?: () => number;
}

const PLACES: readonly Place[] = [
  { path: 'now', name: 'Now', page: NowPage },
  { path: 'tasks', name: 'Tasks', page: TasksPage },
  { path: 'masters', name: 'Masters', page: MastersPage },
  { path: 'reviews', name: 'Reviews', page: ReviewsPage, waits: () => now.value?.open_reviews ?? 0 },
  { path: 'alerts', name: 'Alerts', page: AlertsPage, waits: () => now.value?.open_alerts ?? 0 },
  { path: 'models', name: 'Models', page: ModelsPage },
  { path: 'prompts', name: 'Prompts', page: PromptsPage },
  { path: 'librarian', name: 'Librarian', page: LibrarianPage },
  { path: 'dead', name: 'Dead letters', page: DeadPage, waits: () => now.value?.dead ?? 0 },
];

effect(() => {
  // Logged in: begin to listen, once.
  if (session.value) {
    startLive();
  } else stopLive();
});
let asked = false;
effect(() => {
  if (!session.value || asked) return;
  asked = true;
  void loadTasks();
});

export function App() {
  if (session.value === undefined) return <p class="loading">Opening…</p>;
  if (session.value === null) return <LoginPage />;
  const { page, rest } = route.value;
  const place = PLACES.find(({ path }) => path === page);
  const Shown = page === 'tasks' && rest !== '' ? TaskPage : (place?.page ?? Nowhere);
  return (
    <div class="frame">
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <Sidebar current={page} />
      <div class="stage">
        <Lost />
        <Guard key={page + rest}>
          <Shown />
        </Guard>
      </div>
      <Notices />
    </div>
  );
}

function Sidebar({ current }: { current: string }) {
  return (
    <aside class="side">
      <a class="brand" href="/">
        <Mark />
        Cortex
      </a>
      <nav aria-label="Pages">
        {PLACES.map(({ path, name, waits }) => {
          const waiting = waits?.() ?? 0;
          return (
            <a
              key={path}
              href={path === 'now' ? '/' : `/${path}`}
              class="nav"
              aria-current={current === path ? 'page' : undefined}
            >
              {name}
              {waiting > 0 && (
                <span class="nav-count">
                  {waiting > 999 ? '999+' : waiting}
                  <span class="hidden"> waiting</span>
                </span>
              )}
            </a>
          );
        })}
      </nav>
      <Find />
      <div class="side-foot">
        <BusState />
        <button type="button" class="button plain small" onClick={nextTheme}>
          Theme: {theme.value}
        </button>
        <p class="soft small who">
          {session.value?.by}
          <br />
          {session.value?.role === 'reader' ? 'may look' : 'operator'} ·{' '}
          <button type="button" class="as-link" onClick={() => void logOut()}>
            log out
          </button>
        </p>
      </div>
    </aside>
  );
}

function BusState() {
  const state = link.value === 'lost' ? 'lost' : bus.value;
  const words = { connected: 'Live', reconnecting: 'Bus away', closed: 'Bus closed', lost: 'No dashboard' }[state];
  return (
    <p class={`bus-state ${state === 'connected' ? 'good' : 'bad'}`} role="status">
      <span class="pulse" aria-hidden="true" />
      {words}
    </p>
  );
}

function Lost() {
  if (link.value === 'lost')
    return (
      <p class="banner bad" role="alert">
        The dashboard does not answer. What stands here is from before; it goes on by itself when it is back.
      </p>
    );
  if (bus.value === 'connected') return null;
  return (
    <p class="banner bad" role="alert">
      The bus is away. What stands here is from before; nothing is lost, and it goes on by itself when the bus is back.
    </p>
  );
}

/** Any task by its id, from everywhere: "/" puts the cursor here. */
function Find() {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const typing = (event.target as Element | null)?.closest('input, textarea, select, dialog');
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      const local = document.querySelector<HTMLInputElement>('input[data-search]');
      (local ?? field.current)?.focus();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  return (
    <form
      class="find"
      onSubmit={(event) => {
        event.preventDefault();
        const id = field.current?.value.trim() ?? '';
        if (id === '') return;
        if (field.current) field.current.value = '';
        go(taskPath(id));
      }}
    >
      <label class="hidden" for="find">
        Open a task by its id
      </label>
      <input id="find" ref={field} placeholder="Task id… ( / )" autocomplete="off" spellcheck={false} />
    </form>
  );
}

function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map((notice) => (
        <p key={notice.id} class={`notice ${notice.tone}`}>
          {notice.text}
          <button type="button" class="as-link" onClick={() => dismiss(notice.id)} aria-label="Dismiss">
            ✕
          </button>
        </p>
      ))}
    </div>
  );
}

function Nowhere() {
  return (
    <main id="main" class="page" tabIndex={-1}>
      <h1>There is no such page</h1>
      <p>
        <a href="/">Now</a> shows how everything is.
      </p>
    </main>
  );
}
