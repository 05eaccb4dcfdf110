// What arrives by itself: the event stream, kept in signals. Rows lie in a map that is told on four times a second at most.
import { batch, signal } from '@preact/signals';
import type { BusWord, LiveEvents, Now, TaskRow, Topic } from '../wire.js';
import { get, session } from './api.js';

/** To the dashboard's server, not to the bus. */
export const link = signal<'opening' | 'live' | 'lost'>('opening');
export const bus = signal<BusWord>('connected');
export const now = signal<Now | undefined>(undefined);

/** By id, the longest unchanged first. */
export const tasks = new Map<string, TaskRow>();
/** Counts changes of {@link tasks}. */
export const tasksVersion = signal(0);
export const tasksLoaded = signal(false);
/** Counts changes of each topic. */
export const topics: Readonly<Record<Topic, ReturnType<typeof signal<number>>>> = {
  masters: signal(0),
  reviews: signal(0),
  alerts: signal(0),
  actions: signal(0),
  dead: signal(0),
  models: signal(0),
  prompts: signal(0),
  trials: signal(0),
};

const MOST = 10_000;
let source: EventSource | undefined;

export function startLive(): void {
  if (source) return;
  const stream = new EventSource('/api/live');
  source = stream;
  const on = <K extends keyof LiveEvents>(event: K, take: (data: LiveEvents[K]) => void) =>
    stream.addEventListener(event, (message) => take(JSON.parse((message as MessageEvent<string>).data)));
  let opened = false;
  on('hello', (hello) => {
    const again = opened;
    opened = true;
    batch(() => {
      session.value = hello;
      bus.value = hello.bus;
      link.value = 'live';
    });
    // What happened while nobody listened is not sent again.
    if (again) refreshAll();
  });
  on('now', (picture) => {
    batch(() => {
      now.value = picture;
      bus.value = picture.bus;
    });
  });
  on('tasks', (rows) => takeRows(rows));
  on('changed', (changed) => {
    batch(() => {
      for (const topic of changed) bump(topic);
    });
  });
  on('bus', ({ state }) => {
    bus.value = state;
    if (state === 'connected') refreshAll();
  });
  stream.addEventListener('behind', refreshAll);
  stream.onerror = () => {
    link.value = 'lost';
    // A refused stream is not tried again by the browser: the session may have ended.
    if (stream.readyState === EventSource.CLOSED) {
      source = undefined;
      setTimeout(() => void get('/api/hello').then(startLive, () => session.value && startLive()), 1_500);
    }
  };
}

export function stopLive(): void {
  source?.close();
  source = undefined;
}

function bump(topic: Topic): void {
  topics[topic].value = (topics[topic].value ?? 0) + 1;
}

function refreshAll(): void {
  batch(() => {
    for (const topic of Object.keys(topics) as Topic[]) bump(topic);
  });
  void loadTasks();
}

function takeRows(rows: readonly TaskRow[]): void {
  for (const row of rows) {
    tasks.delete(row.id);
    tasks.set(row.id, row);
  }
  while (tasks.size > MOST) tasks.delete(tasks.keys().next().value ?? '');
  tasksVersion.value++;
}

/** The tasks in view, whole; what arrives meanwhile wins. */
export async function loadTasks(): Promise<void> {
  const rows = await get<TaskRow[]>('/api/tasks').catch(() => undefined);
  if (!rows) return;
  const later = [...tasks.values()];
  tasks.clear();
  for (const row of rows.reverse()) tasks.set(row.id, row);
  batch(() => {
    takeRows(later.filter((row) => row.at >= (tasks.get(row.id)?.at ?? 0)).sort((a, b) => a.at - b.at));
    tasksLoaded.value = true;
  });
}
