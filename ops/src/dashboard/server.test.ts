// The server against a real bus: who is let in, what a wrong or foreign request gets, and that every action leaves its record.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bus, publish, taskLog, until } from '@cortex/bus';
import { describeOnServer } from '@cortex/bus/testing';
import { type Action, EVENT_TYPES } from '@cortex/schemas';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Dashboard, dashboardSettings, startDashboard } from './index.js';
import { readPages } from './pages.js';

const OPERATOR = 'operator-token-long-enough';
const READER = 'reader-token-long-enough';

/** The fields that answers have here. */
interface Body {
  readonly error: string;
  readonly said: string;
  readonly action: string;
  readonly length: number;
  readonly what_if: string[];
  readonly masters: { master: object }[];
}

vi.mock('./pages.js', async (original) => ({
  ...(await original<typeof import('./pages.js')>()),
  // The pages are built elsewhere: here one line stands for them.
  readPages: vi.fn(),
}));

describeOnServer('the server of the dashboard', (suite) => {
  let bus: Bus;
  let page: Dashboard;
  let home: string;
  beforeAll(async () => {
    const index = { body: new TextEncoder().encode('<p>Cortex</p>'), type: 'text/html', cache: 'no-cache' };
    vi.mocked(readPages).mockResolvedValue(
      new Map([
        ['/', index],
        ['/index.html', index],
      ]),
    );
    home = await mkdtemp(join(tmpdir(), 'cortex-dashboard-'));
    bus = await suite.connect({ name: 'dashboard' });
    const env = { CORTEX_DASHBOARD_TOKEN: OPERATOR, CORTEX_DASHBOARD_READ_TOKEN: READER, CORTEX_HOME: home };
    page = await startDashboard(bus, { ...dashboardSettings({}, env), port: 0 });
  });
  afterAll(async () => {
    await page?.stop();
    await rm(home, { recursive: true, force: true });
  });

  const ask = (path: string, init: RequestInit & { token?: string } = {}) =>
    fetch(new URL(path, page.url), {
      ...init,
      headers: { ...(init.token ? { authorization: `Bearer ${init.token}` } : {}), ...(init.headers as object) },
    });
  const act = (kind: string, input: unknown, token = OPERATOR, headers: Record<string, string> = {}) =>
    ask(`/api/act/${kind}`, {
      method: 'POST',
      token,
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(input),
    });
  const logIn = (token: string, headers: Record<string, string> = {}) =>
    ask('/api/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ token, name: 'ada' }),
    });
  const body = async (response: Response | Promise<Response>) => (await (await response).json()) as Body;
  const actions = async (kind: string) => {
    const found: Action[] = [];
    const consumer = await bus.js.consumers.get('ACTIONS', { filter_subjects: [bus.subjects.action(kind)] });
    for await (const message of await consumer.fetch({ max_messages: 50, expires: 1_000 })) {
      found.push(message.json<Action>());
      if (message.info.pending === 0) break;
    }
    return found;
  };

  it('shows nothing but the login page and its health to whoever has no token', async () => {
    expect((await ask('/healthz')).status).toBe(200);
    expect((await ask('/readyz')).status).toBe(200);
    for (const path of ['/api/hello', '/api/now', '/api/tasks', '/api/live', '/api/letters'])
      expect((await ask(path)).status, path).toBe(401);
    expect((await ask('/tasks/any/thing')).status).toBe(200);
    expect((await logIn('guessed')).status).toBe(403);
  });

  it('gives a session in a cookie that no script reads and no other site sends', async () => {
    const response = await logIn(OPERATOR);
    const cookie = response.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/HttpOnly/i);
    expect(cookie).toMatch(/SameSite=Strict/i);
    const hello = await ask('/api/hello', { headers: { cookie: cookie.split(';')[0] ?? '' } });
    expect(await hello.json()).toMatchObject({ role: 'operator', by: 'ada', bus: 'connected' });
  });

  it('allows no inline or foreign script, no frame, no other origin', async () => {
    const policy = (await ask('/')).headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
  });

  it('refuses requests that other sites can make a browser send', async () => {
    expect((await act('pause-master', { master: 'x' }, OPERATOR, { origin: 'http://evil.example' })).status).toBe(403);
    expect((await act('pause-master', { master: 'x' }, OPERATOR, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await act('pause-master', { master: 'x' }, OPERATOR, { 'content-type': 'text/plain' })).status).toBe(403);
    expect((await logIn(OPERATOR, { origin: 'http://evil.example' })).status).toBe(403);
    // fetch sets the header itself: a raw request plays the browser whose DNS was turned.
    const { request } = await import('node:http');
    const status = await new Promise((resolve, reject) =>
      request(page.url, { headers: { host: 'evil.example' } }, (response) => resolve(response.statusCode))
        .on('error', reject)
        .end(),
    );
    expect(status).toBe(421);
  });

  it('lets readers look and not act', async () => {
    expect((await ask('/api/now', { token: READER })).status).toBe(200);
    const refused = await act('put-master', { master: { name: 'legal' } }, READER);
    expect(refused.status).toBe(403);
    expect((await body(refused)).error).toContain('you may look, not act');
  });

  it('names the field of a wrong request, and does nothing', async () => {
    const wrong = await act('put-master', { master: { name: 'legal', examples: 'one' } });
    expect(wrong.status).toBe(400);
    expect((await body(wrong)).error).toMatch(/^master\.examples: /);
    const pattern = await act('put-master', { master: { name: 'legal', patterns: ['(?<=a)b('] } });
    expect((await body(pattern)).error).toContain('not a usable regular expression');
    expect((await act('no-such-thing', {})).status).toBe(404);
    expect((await act('cancel', { task: 'nobody' })).status).toBe(404);
    expect((await act('retry-letter', { letter: 'TASKS-1' })).status).toBe(404);
  });

  it('adds, pauses and undoes, and keeps who, what, before and after of each', async () => {
    await until(
      'the registry',
      async () => (await act('put-master', { master: { name: 'legal', keywords: ['GDPR'] } })).ok,
    );
    expect((await act('put-master', { master: { name: 'legal' }, fresh: true })).status).toBe(409);
    const paused = await body(act('pause-master', { master: 'legal' }));
    expect(paused.said).toContain('legal is paused');
    const [record] = await actions('pause-master');
    expect(record).toMatchObject({
      id: paused.action,
      target: 'legal',
      before: { status: 'active' },
      after: { status: 'paused' },
    });
    const undone = await until('the action to be known', async () => {
      const answer = await act('undo', { action: paused.action });
      return answer.ok ? body(answer) : undefined;
    });
    expect(undone.said).toContain('Resume legal');
    const { masters } = await body(ask('/api/masters', { token: READER }));
    expect(masters[0]?.master).toMatchObject({ name: 'legal', status: 'active', keywords: ['GDPR'] });
    await until('the undo to be known', async () => (await act('undo', { action: paused.action })).status === 409);
  });

  it('shows a task of the log with its decision, and sends a correction where answers go', async () => {
    await taskLog(bus).append(
      't/1 ä',
      {
        step: 'decided',
        task: { id: 't/1 ä', priority: 'high', text: 'Review the NDA' },
        decision: {
          task: 't/1 ä',
          master: 'coordinator',
          confidence: 0.4,
          probabilities: { coordinator: 0.4, legal: 0.35 },
          experts: [],
          method: 'ensemble',
          propensity: 1,
          candidates: ['coordinator', 'legal'],
          models: {},
          arm: 'champion',
          explanation: ['nothing speaks clearly'],
          latency_ms: 3,
          decided_at: new Date().toISOString(),
        },
        decided_revision: 1,
      },
      'coordinator',
      'high',
      undefined,
    );
    const life = await body(ask(`/api/task?id=${encodeURIComponent('t/1 ä')}`, { token: READER }));
    expect(life).toMatchObject({ state: 'decided', text: 'Review the NDA', decision: { master: 'coordinator' } });
    expect(life.what_if).toEqual(['It was close: legal was 5 points behind.']);
    expect((await act('correct', { task: 't/1 ä', master: 'nobody' })).status).toBe(400);
    const answers: unknown[] = [];
    const listening = bus.nc.subscribe(bus.subjects.reviewsAnswered, {
      callback: (_error, message) => void answers.push(message.json()),
    });
    await bus.nc.flush();
    expect(await (await act('correct', { task: 't/1 ä', master: 'legal-master' })).json()).toMatchObject({
      said: 'It goes to legal.',
    });
    await until('the answer', () => answers.length === 1);
    expect(answers[0]).toMatchObject({ task: 't/1 ä', master: 'legal' });
    listening.unsubscribe();
  });

  it('drops a dead letter for good, keeping it in the audit trail', async () => {
    const letter = {
      id: 'ELSEWHERE-7',
      stream: 'ELSEWHERE',
      subject: 'elsewhere',
      sequence: 7,
      reason: 'field text: is missing',
      attempts: 1,
      at: new Date().toISOString(),
      by: 'coordinator-1',
      headers: {},
      payload: Buffer.from('{"no":"text"}').toString('base64'),
    };
    await publish(bus, bus.subjects.dead('ELSEWHERE'), letter, { type: EVENT_TYPES.dead, id: letter.id });
    await until('the letter', async () => (await body(ask('/api/letters', { token: READER }))).length === 1);
    expect(await (await ask('/api/letter?id=ELSEWHERE-7', { token: READER })).json()).toMatchObject({
      text: '{"no":"text"}',
    });
    const stuck = await act('retry-letter', { letter: 'ELSEWHERE-7' });
    expect(stuck.status).toBe(409);
    expect((await act('drop-letter', { letter: 'ELSEWHERE-7' })).status).toBe(200);
    expect((await act('drop-letter', { letter: 'ELSEWHERE-7' })).status).toBe(404);
    expect((await actions('drop-letter'))[0]).toMatchObject({
      target: 'ELSEWHERE-7',
      before: { payload: letter.payload },
    });
  });
});
