// Server-sent events: changed rows four times a second, a picture of now each second, and which lists are out of date. A page that
// cannot keep up gets fewer batches, never a growing queue.
import type { ServerResponse } from 'node:http';
import type { BusWord, LiveEvents, TaskRow, Topic } from './wire.js';
import type { World } from './world.js';

export interface Live {
  /** Takes a page's connection over until it closes; `first` is sent to it alone. */
  join(response: ServerResponse, first: Partial<LiveEvents>): void;
  busChanged(state: BusWord): void;
  close(): void;
}

const BATCH_MS = 250;
const NOW_MS = 1_000;
const LOOK_MS = 2_000;
/** Rows of one batch; with more changes than that the page gets the newest. */
const MOST_ROWS = 2_000;
/** Bytes that may wait for a slow page before batches are left out. */
const MOST_BEHIND = 2 * 1024 * 1024;

export function live(world: World): Live {
  const pages = new Set<ServerResponse>();
  const behind = new WeakSet<ServerResponse>();
  const rows = new Map<string, TaskRow>();
  const topics = new Set<Topic>();
  const send = <K extends keyof LiveEvents>(event: K, data: LiveEvents[K], to: Iterable<ServerResponse> = pages) => {
    const text = `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    for (const page of to) {
      if (page.writableLength > MOST_BEHIND) behind.add(page);
      else page.write(text);
    }
  };
  const offRow = world.onRow((row) => {
    if (pages.size === 0) return;
    rows.delete(row.id);
    rows.set(row.id, row);
  });
  const offTopic = world.onTopic((topic) => void (pages.size > 0 && topics.add(topic)));
  const flush = () => {
    if (rows.size > 0) send('tasks', [...rows.values()].slice(-MOST_ROWS));
    if (topics.size > 0) send('changed', [...topics]);
    rows.clear();
    topics.clear();
    // Who was left out reads its lists anew once it has caught up.
    for (const page of pages) {
      if (!behind.has(page) || page.writableLength > 0) continue;
      behind.delete(page);
      page.write('event: behind\ndata: {}\n\n');
    }
  };
  let looking = false;
  const look = async () => {
    if (pages.size === 0 || looking) return;
    looking = true;
    await world.look().catch(() => undefined);
    looking = false;
  };
  const timers = [
    setInterval(() => pages.size > 0 && flush(), BATCH_MS),
    setInterval(() => pages.size > 0 && send('now', world.now()), NOW_MS),
    setInterval(() => void look(), LOOK_MS),
  ];
  return {
    join(response, first) {
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
        'x-content-type-options': 'nosniff',
      });
      response.write('retry: 1000\n\n');
      const one = [response];
      if (first.hello) send('hello', first.hello, one);
      const begin = () => {
        pages.add(response);
        send('now', world.now(), one);
      };
      if (pages.size > 0) begin();
      // The first page after a while: counts are old.
      else void world.look().then(begin, begin);
      response.once('close', () => pages.delete(response));
      response.on('error', () => pages.delete(response));
    },
    busChanged: (state) => send('bus', { state }),
    close() {
      for (const timer of timers) clearInterval(timer);
      offRow();
      offTopic();
      for (const page of pages) page.end();
      pages.clear();
    },
  };
}
