// What the pages draw of things on trial: a better router learnt from real tickets on its way through shadow and canary, a prompt against its
// candidate; and of this repository's own documents: what lies near a passage, and what a task was given to read.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { indexFolder, Library, librarianActor, openSource } from '@cortex/actor-librarian';
import { runLlmWorker } from '@cortex/actor-worker';
import {
  countPromptOutcomes,
  openMasters,
  openPrompts,
  publish,
  type RunningActor,
  runActor,
  silentLogger,
  taskLog,
} from '@cortex/bus';
import { testServerBinary, until } from '@cortex/bus/testing';
import { DEFAULT_PROMPTS } from '@cortex/models';
import { EVENT_TYPES } from '@cortex/schemas';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { dataFolder } from '../harness/data.js';
import { openWorld, type World } from '../learning/people.js';
import { type System, startSystem, untilServes, untilSpeaks } from '../learning/system.js';
import { firstRows, readTickets } from '../learning/tickets.js';
import { readPrompt } from '../llm/brain.js';
import { startOpenAi } from '../llm/openai-server.js';
import { chromiumBinary, openPage, picture, seriousFindings, startBrowser, visit } from './browser.js';
import { type Running, startDashboardAlone } from './system.js';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const DOCS = fileURLToPath(new URL('../../../docs', import.meta.url));
const tickets = dataFolder('routing/it-tickets');
const missing = [chromiumBinary(), testServerBinary(), tickets].flatMap((x) => ('missing' in x ? [x.missing] : []));
const title = 'what is on trial';

describe.skipIf(missing.length > 0)(missing.length > 0 ? `${title} (skipped: ${missing.join('; ')})` : title, () => {
  const data = readTickets('path' in tickets ? tickets.path : '', 6, 4_000, 1);
  const [lessons, stream] = [data.stream.slice(0, 2_000), data.stream.slice(2_000)];
  let folder: string;
  let system: System;
  let world: World;
  let librarian: RunningActor;
  let dashboard: Running<{ url: string; link: string }>;
  let browser: Browser;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cortex-trial-'));
    system = await startSystem({
      masters: data.first,
      deployer: {
        families: ['router'],
        outcome_age_ms: 300,
        tick_ms: 250,
        slow_ms: 4_000,
        load_ms: 300_000,
        baseline_units: 60,
      },
      patienceMs: 4_000,
      log: () => undefined,
    });
    // People who correct most of what went wrong.
    const habits = { corrected: 0.9, delayed: 0, wrong: 0.02, missing: 0, delayMs: 0 };
    world = openWorld(system.bus, 'ticket', habits, 1, (n) => ({
      source: n % 3 === 0 ? 'portal' : 'mail',
      repository: n % 5 === 0 ? 'acme/payments' : 'acme/shop',
    }));
    librarian = await runActor(
      librarianActor({ folder: join(folder, 'vectors'), milvus: '', encoder: 'none', patterns: false }),
      system.bus,
      { log: silentLogger },
    );
    // The trial's path is what a dashboard saw of it: it runs from the beginning.
    [dashboard, browser] = await Promise.all([startDashboardAlone(system.bus.servers), startBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await dashboard?.stop();
    await librarian?.drain(2_000);
    world?.close();
    await system?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Opens a page as often as people look at it: by day, by night, on a telephone. */
  async function looked(path: string, name: string, arrange: (page: Page) => Promise<void>): Promise<void> {
    for (const [kind, options] of [
      ['light', { theme: 'light' as const }],
      ['dark', { theme: 'dark' as const }],
      ['narrow', { width: 380, height: 760 }],
    ] as const) {
      const { page, complaints } = await openPage(browser, dashboard.ready.link, options);
      await visit(page, path);
      try {
        await arrange(page);
      } finally {
        await picture(page, `${name}-${kind}`);
      }
      expect(await seriousFindings(page, kind === 'dark'), `${name} ${kind}`).toEqual([]);
      expect(complaints).toEqual([]);
      const wide = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
      expect(await page.evaluate<number>(wide), `${name} ${kind}`).toBeLessThanOrEqual(0);
      await page.context().close();
    }
  }

  it('a model: the sequential test as it grew, every guard, slices, drift, who is confused with whom; and a person ends it', async () => {
    const first = await system.publish([], 'trainer');
    await untilServes(system, first);
    // What serves has its usual rate of failure before anything is compared with it.
    await world.send(stream.slice(0, 100));
    const better = await system.publish([...firstRows(data.first), ...lessons]);
    await untilSpeaks(system, better);
    let sent = 100;
    const onCanary = async () => (await system.registry.aliases('router')).challenger === better;
    while (!(await onCanary())) {
      if (sent >= stream.length)
        throw new Error(`after ${sent} tasks: ${JSON.stringify((await system.trial())?.phase)}`);
      await world.send(stream.slice(sent, sent + 50));
      sent += 50;
    }
    await world.send(stream.slice(sent, sent + 100));
    await looked('/models', 'trial', async (page) => {
      await page.getByText(`${better} against ${first}: the candidate decides a share of the tasks`).waitFor();
      for (const words of ['Slices: is it worse for anybody?', /^Drift of the champion/])
        await page.getByText(words).click();
      const test = page.getByRole('img', { name: /^Sequential test after \d+ tasks/ });
      expect(await test.locator('path.good').getAttribute('d')).toMatch(/^M.*L.*L/);
      for (const guard of ['right more often', 'right less often', 'lower reward', 'surer than right'])
        await page.getByRole('rowheader', { name: guard }).waitFor();
      for (const slice of ['source=portal', 'repository=acme/shop'])
        await page.getByRole('rowheader', { name: slice }).waitFor();
      await page
        .getByText(/usually \d+/)
        .first()
        .waitFor();
      expect(await page.locator('.confusion .wrong').count()).toBeGreaterThan(0);
    });
    await looked('/masters', 'masters-with-outcomes', (page) =>
      page.getByRole('rowheader', { name: 'Hardware' }).nth(1).waitFor(),
    );
    const { page } = await openPage(browser, dashboard.ready.link);
    await visit(page, '/models');
    await page.getByRole('button', { name: 'Freeze router' }).click();
    await until('the freeze', async () => (await system.registry.aliases('router')).frozen === true);
    await page.getByText('frozen: no version gets more say', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Unfreeze router' }).click();
    await until('its end', async () => (await system.registry.aliases('router')).frozen !== true);
    await page.getByRole('button', { name: 'Roll back… router' }).click();
    await page.getByText('a running trial ends').waitFor();
    await page.getByRole('button', { name: 'Roll back', exact: true }).click();
    await until('the end of the trial', async () => !(await onCanary()));
    expect((await system.registry.aliases('router')).champion).toBe(first);
    await page.context().close();
  });

  it('a prompt: both versions with their rates, and the evidence between them', async () => {
    const { bus } = system;
    const prompts = await openPrompts(bus);
    const first = DEFAULT_PROMPTS.find(({ rules }) => rules !== undefined);
    if (!first) throw new Error('Cortex comes with prompts');
    await prompts.add(first, 'a person');
    const rules = [...(first.rules ?? []), 'Say what you did not look at.'];
    await prompts.add({ ...first, rules, changelog: 'says what was left out' }, 'a person');
    await prompts.assign(first.name, { label: 'candidate', version: 2, share: 0.3, by: 'a person' });
    // What the keeper in every LLM worker does, before and after tasks were done with the prompt.
    await countPromptOutcomes(bus, prompts);
    const master = system.masters[0]?.name ?? '';
    const tasks = Array.from({ length: 40 }, (_, n) => ({ id: `prompted-${n}`, version: n % 3 === 0 ? 2 : 1, n }));
    for (const { id, version, n } of tasks) {
      await publish(bus, bus.subjects.submit, { id, text: id, master }, { type: EVENT_TYPES.taskSubmit, id });
      const success = n % (version === 2 ? 7 : 3) !== 0;
      const claim = {
        task: id,
        master,
        status: success ? 'completed' : 'failed',
        success,
        tokens: 700 + 30 * (n % 9) * version,
        prompt: `${first.name}@${version}`,
      };
      await publish(bus, bus.subjects.outcome(master), claim, { type: EVENT_TYPES.outcome, id: `claim-${id}` });
    }
    await until('all to be counted', async () => {
      await countPromptOutcomes(bus, prompts);
      return (await prompts.trial(first.name))?.trial.outcomes.length === tasks.length;
    });
    await looked('/prompts', 'prompt-trial', async (page) => {
      await page.getByText('candidate 30%').waitFor();
      await page.getByRole('rowheader', { name: 'candidate, version 2' }).waitFor();
      await page.getByText('14 tasks', { exact: true }).waitFor();
      await page.getByText(/^Evidence: /).waitFor();
    });
    await looked('/prompts', 'prompt-compared', async (page) => {
      await page.getByRole('button', { name: `${first.name}@2`, exact: true }).click();
      await page.locator('dialog[open] mark').getByText('Say what you did not look at.').waitFor();
    });
    const { page } = await openPage(browser, dashboard.ready.link);
    await visit(page, '/prompts');
    await page.getByRole('button', { name: 'End the trial' }).click();
    await until('its end', async () => (await prompts.head(first.name))?.candidate === undefined);
    await page.getByText('candidate 30%').waitFor({ state: 'detached' });
    const second = page.getByRole('button', { name: `${first.name}@2`, exact: true });
    await second.click();
    await page.getByRole('button', { name: 'Try it on 10 %' }).click();
    await page.getByText('candidate 10%').waitFor();
    expect((await prompts.head(first.name))?.candidate).toMatchObject({ version: 2, share: 0.1 });
    await second.click();
    await page.getByRole('button', { name: 'Let it serve' }).click();
    await page
      .getByRole('row', { name: `${first.name}@2` })
      .getByText('production')
      .waitFor();
    await picture(page, 'prompt-serves');
    const head = await prompts.head(first.name);
    expect(head).toMatchObject({ production: 2 });
    expect(head?.candidate).toBeUndefined();
    await page.context().close();
  });

  it('a passage: what lies near it, nearer the more alike, and each of them can be gone on from', async () => {
    const library = await Library.open({ folder: join(folder, 'vectors'), encoder: undefined });
    await indexFolder(await openSource(DOCS, 'cortex-docs'), { store: library.store, encoder: undefined });
    await library.close();
    await looked(`/librarian?q=${encodeURIComponent('sequential test of a canary')}`, 'neighbourhood', async (page) => {
      await page.locator('.hits button').first().click();
      await page.locator('dialog[open] svg.graph circle').nth(4).waitFor();
      const before = await page.locator('dialog[open] h2').innerText();
      await page.locator('.near button').first().click();
      await expect.poll(() => page.locator('dialog[open] h2').innerText()).not.toBe(before);
      await page.locator('dialog[open] svg.graph circle').nth(4).waitFor();
    });
  });

  it('a task that was given context: each piece with its source and lines, and which of them the answer cites', async () => {
    const { bus } = system;
    const masters = await openMasters(bus);
    await masters.put({ name: 'documentation', description: 'Questions about how it works.' });
    await masters.close();
    const server = await startOpenAi((request) => {
      const read = readPrompt(request).blocks.flatMap(({ id }) => id ?? []);
      const answer = 'After every task, by a test that may be looked at as often as one likes.';
      return { calls: [{ name: 'report', args: { done: true, answer, citations: read.slice(0, 2) } }] };
    });
    const llm = {
      baseUrl: server.url,
      model: 'scripted-1',
      plan: 'never',
      reflections: 0,
      contextWaitMs: 20_000,
    } as const;
    const keeper = { propose: false };
    const worker = await runLlmWorker({ master: 'documentation', bus, log: silentLogger, pollMinMs: 100, keeper, llm });
    try {
      const task = { id: 'read-1', text: 'How does the sequential test judge a canary?', master: 'documentation' };
      await publish(bus, bus.subjects.submit, task, { type: EVENT_TYPES.taskSubmit, id: task.id });
      const outcome = await until(
        'its outcome',
        async () => (await taskLog(bus).last(task.id))?.record.outcome,
        60_000,
      );
      const { pieces } = outcome.context as { pieces: { source: string }[] };
      expect(pieces.length).toBeGreaterThan(2);
      const shown = pieces.map(({ source }, i) => {
        const [, place, first, last] = /^(cortex-docs:.+):(\d+)-(\d+)$/.exec(source) ?? [];
        return `${place} ${first === last ? `line ${first}` : `lines ${first}–${last}`}${i < 2 ? ' cited' : ''}`;
      });
      await looked(`/tasks/${task.id}`, 'task-context', async (page) => {
        await page.getByText('After every task, by a test').waitFor();
        const lines = await page.locator('.pieces li').allInnerTexts();
        expect(lines.map((line) => line.replace(/\s+/g, ' ').trim())).toEqual(shown);
      });
    } finally {
      await worker.stop(1_000);
      await server.close();
    }
  });
});
