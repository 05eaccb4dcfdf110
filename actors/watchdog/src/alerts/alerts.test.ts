import { createServer } from 'node:http';
import { until } from '@cortex/bus';
import { describe, expect, it } from 'vitest';
import type { Finding } from '../finding.js';
import { closeOver, identity, MOST_SINGLE, newBook, noteAction, type OpenAlert, takeFindings } from './book.js';
import { alertMessage, messageIdOf } from './message.js';
import { openOutlets } from './outlets.js';

const finding = (target: string, more: Partial<Finding> = {}): Finding => ({
  kind: 'no-heartbeat',
  target,
  severity: 'warning',
  summary: `${target} is silent`,
  cause: 'it died',
  evidence: { silent_ms: 17_000 },
  worker: target.slice(7),
  master: 'security',
  traceId: 'abc',
  since: 0,
  holdMs: 6_000,
  ...more,
});

describe('alerts', () => {
  it('are said once however often a fault is found, again when it gets worse, and when it is over; back soon it is the same one', () => {
    const book = newBook();
    const said = (more: Partial<Finding>, now: number) =>
      takeFindings(book, [finding('worker:w-1', more)], now).map(({ change }) => change);
    expect(said({}, 0)).toEqual(['fired']);
    expect(said({}, 1_000)).toEqual([]);
    expect(said({ severity: 'critical' }, 2_000)).toEqual(['worse']);
    expect(noteAction(book, 'no-heartbeat worker:w-1', 'restarted')).toMatchObject([{ change: 'acted' }]);
    expect(noteAction(book, 'no-heartbeat worker:w-1', 'restarted')).toEqual([]);
    expect(closeOver(book, 8_000)).toEqual([]);
    const [over] = closeOver(book, 8_001);
    expect(over?.change).toBe('resolved');
    const [again] = takeFindings(book, [finding('worker:w-1')], 60_000);
    expect(again?.alert.id).toBe(over?.alert.id);
  });

  it('of one kind and master are folded into one when there are many, which ends when all have', () => {
    const book = newBook();
    const all = Array.from({ length: 30 }, (_, i) => finding(`worker:w-${i}`));
    const changes = takeFindings(book, all, 0);
    expect(changes).toHaveLength(MOST_SINGLE + 1);
    expect(changes.at(-1)?.alert.finding.summary).toMatch(/times no-heartbeat of security/);
    closeOver(book, 10_000);
    const left = closeOver(book, 10_001);
    expect(book.open.size).toBe(0);
    expect(left.length).toBeLessThanOrEqual(1);
  });

  it('that are folded speak through their group: how grave the gravest is, what was done, and under one identity for whoever leads next', () => {
    const book = newBook();
    const said = takeFindings(
      book,
      Array.from({ length: 10 }, (_, i) => finding(`worker:w-${i}`)),
      0,
    );
    const group = said.at(-1)?.alert;
    expect(book.open.get(identity(group?.finding ?? finding('')))).toBe(group);
    const worse = takeFindings(book, [finding('worker:w-8', { severity: 'critical' })], 1_000);
    expect(worse).toMatchObject([{ change: 'worse', alert: { id: group?.id, severity: 'critical' } }]);
    const late = takeFindings(book, [finding('worker:w-20', { severity: 'critical' })], 1_000);
    expect(late).toEqual([]);
    const told = noteAction(book, 'no-heartbeat worker:w-8', 'restart-worker worker:w-8');
    expect(told).toMatchObject([{ change: 'acted', alert: { id: group?.id } }]);
    for (let i = 5; i < 10; i++)
      for (const step of ['a', 'b']) noteAction(book, `no-heartbeat worker:w-${i}`, `${step} w-${i}`);
    expect(alertMessage({ change: 'acted', alert: group as OpenAlert }, 2_000, 'me').action).toMatch(
      /; b w-9 \(and 6 before\)$/,
    );
    closeOver(book, 60_000);
    closeOver(book, 60_001);
    const again = takeFindings(
      book,
      Array.from({ length: 10 }, (_, i) => finding(`worker:w-${i}`)),
      61_000,
    );
    expect(again.at(-1)?.alert.id).toBe(group?.id);
  });

  it('keep every step that was taken, not the last alone', () => {
    const book = newBook();
    const [fired] = takeFindings(book, [finding('worker:w-1')], 0);
    // Both within one look: the stream must not take the second for the first sent again.
    const ids = ['take-lease task:t-1', 'restart-worker worker:w-1'].flatMap((step) =>
      noteAction(book, 'no-heartbeat worker:w-1', step).map(messageIdOf),
    );
    expect(new Set(ids).size).toBe(2);
    const message = alertMessage({ change: 'acted', alert: fired?.alert as OpenAlert }, 0, 'me');
    expect(message.action).toBe('take-lease task:t-1; restart-worker worker:w-1');
  });
});

describe('outlets', () => {
  it("send Alertmanager's form and the webhook's, try again when the receiver stumbles, and say the end", async () => {
    const got: { url: string; body: unknown }[] = [];
    let stumbles = 1;
    const server = createServer((request, response) => {
      let text = '';
      request.on('data', (bytes) => {
        text += bytes;
      });
      request.on('end', () => {
        response.statusCode = stumbles-- > 0 ? 503 : 200;
        if (response.statusCode === 200) got.push({ url: request.url ?? '', body: JSON.parse(text) });
        response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
    const outlets = openOutlets({
      alertmanager: () => `${base}/`,
      webhook: () => `${base}/hook`,
      onError: (what, error) => {
        throw new Error(`${what}: ${error.message}`);
      },
    });
    const book = newBook();
    for (const change of takeFindings(book, [finding('worker:w-1')], 1_000))
      outlets.send(alertMessage(change, 1_000, 'me'));
    await until('both', () => got.length === 2);
    const manager = got.find(({ url }) => url === '/api/v2/alerts')?.body as Record<string, unknown>[];
    expect(manager[0]).toMatchObject({
      labels: { alertname: 'CortexNoHeartbeat', worker: 'w-1', master: 'security' },
      annotations: { severity: 'warning', cause: 'it died', trace_id: 'abc' },
      startsAt: new Date(1_000).toISOString(),
    });
    expect(manager[0]).not.toHaveProperty('endsAt');
    expect(got.find(({ url }) => url === '/hook')?.body).toMatchObject({ kind: 'no-heartbeat', status: 'firing' });
    // Alertmanager forgets what is not said again; the webhook was told.
    outlets.repeat([...book.open.values()].map((alert) => alertMessage({ change: 'fired', alert }, 2_000, 'me')));
    await until('it again', () => got.length === 3);
    expect(got[2]?.url).toBe('/api/v2/alerts');
    for (const change of closeOver(book, 99_000)) outlets.send(alertMessage(change, 99_000, 'me'));
    await until('the end', () => got.length === 5);
    expect(JSON.stringify(got.slice(3))).toContain('endsAt');
    outlets.stop();
    await new Promise((resolve) => server.close(resolve));
  });
});
