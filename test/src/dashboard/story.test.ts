// A person at the dashboard of a running system: sees a task come, understands where it went, and acts. In a real browser, with the
// pages, the bus and the actors that a user has.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bus, connectBus, openMasters, openModelRegistry, publish, taskLog } from '@cortex/bus';
import { testServerBinary, until } from '@cortex/bus/testing';
import { type Action, EVENT_TYPES } from '@cortex/schemas';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { chromiumBinary, openPage, picture, seriousFindings, startBrowser, visit, type Watched } from './browser.js';
import { type Printed, type Running, startSystem } from './system.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const CVE = 'Scan the payments repo for CVE-2026-1234';
const JAEGER = 'http://127.0.0.1:16686';
const reasons = [chromiumBinary(), testServerBinary()].flatMap((one) => ('missing' in one ? [one.missing] : []));
const title = 'the dashboard of a running system';

describe.skipIf(reasons.length > 0)(reasons.length > 0 ? `${title} (skipped: ${reasons.join('; ')})` : title, () => {
  let system: Running<Printed>;
  let browser: Browser;
  let bus: Bus;
  let watched: Watched;
  let page: Page;

  beforeAll(async () => {
    [system, browser] = await Promise.all([
      startSystem(['--exec', 'cat', '--master', 'security', '--actors', 'worker=1'], {
        CORTEX_TRACES_URL: `${JAEGER}/trace/{trace}`,
      }),
      startBrowser(),
    ]);
    bus = await connectBus({ servers: system.ready.nats.url, name: 'test' });
    watched = await openPage(browser, system.ready.dashboard.link);
    page = watched.page;
  });
  afterAll(async () => {
    await browser?.close();
    await bus?.close();
    await system?.stop();
  });

  const submit = (id: string, text: string, more: object = {}) =>
    publish(bus, bus.subjects.submit, { id, text, ...more }, { type: EVENT_TYPES.taskSubmit, id });
  const last = async (id: string) => (await taskLog(bus).last(id))?.record;
  /** A state of a page that only clicks lead to: kept as a picture, and without a serious finding. */
  const looked = async (name: string) => {
    await picture(page, name);
    expect(await seriousFindings(page), name).toEqual([]);
  };
  const said = (text: string | RegExp) => page.locator('.notices').getByText(text).waitFor();
  const actionOf = (kind: string) =>
    until(`the record of ${kind}`, async () => {
      const stored = await bus.jsm.streams
        .getMessage(bus.subjects.stream('ACTIONS'), { last_by_subj: bus.subjects.action(kind) })
        .catch(() => undefined);
      return stored?.json<Action>();
    });

  it('answers "why did this task go to security" in four steps from npm start', async () => {
    // 1. npm start prints a link; it opens on how everything is, and takes the token out of the address.
    await page.getByText(/All is well|It works/).waitFor();
    expect(page.url()).toBe(system.ready.dashboard.url);
    await picture(page, '1-now', true);
    // 2. A task is submitted: it appears by itself.
    const began = performance.now();
    await submit('t-1', CVE);
    const link = page.locator('.latest').getByRole('link', { name: CVE });
    await link.waitFor();
    console.log(`a task is on the page ${Math.round(performance.now() - began)} ms after it was published`);
    await picture(page, '2-submitted', true);
    // 3. It is opened. 4. The page says why.
    await link.click();
    const answer = page.locator('.answer');
    await answer.waitFor();
    expect(await answer.innerText()).toMatch(/^It went to\s+security, \d+(\.\d)?% sure: .* decided/);
    await expect.poll(() => page.locator('.why .reasons').first().innerText()).toContain('CVE-2026-1234');
    await page.getByRole('rowheader', { name: /^rule/ }).waitFor();
    await picture(page, '3-why', true);
  });

  it('shows the whole life as it goes on, with the outcome and the trace of every hop', async () => {
    await page.locator('.steps').getByText('settled').waitFor();
    await page.getByText('completed', { exact: true }).first().waitFor();
    await page.locator('.trace-bar').first().waitFor();
    const hops = await page.locator('.trace tbody th .cut').allInnerTexts();
    expect(hops.join('\n')).toMatch(/process .*tasks\.submit/);
    expect(hops.join('\n')).toMatch(/ask .*router/);
    const row = page.locator('.trace .as-row').first();
    await row.click();
    await page.getByText('messaging.system').first().waitFor();
    await row.click();
    await picture(page, 'task-settled');
  });

  it('leads to the same trace in Jaeger, where one is configured', async () => {
    const records = (await taskLog(bus).history('t-1')).map(({ record }) => record);
    const trace = records.find(({ step }) => step === 'decided')?.decision?.trace_id;
    expect(trace).toMatch(/^[0-9a-f]{32}$/);
    const link = page.getByRole('link', { name: 'Open it in the trace store' });
    expect(await link.getAttribute('href')).toBe(`${JAEGER}/trace/${trace}`);
  });

  it('takes a correction, which is learned from and kept with who said it', async () => {
    await page.getByRole('button', { name: 'Correct…' }).click();
    await page.getByRole('radio', { name: 'development' }).check();
    await page.getByRole('textbox', { name: /^Why/ }).fill('it is about our own code');
    await picture(page, '4-correct', true);
    await page.getByRole('button', { name: 'Correct', exact: true }).click();
    await said('Noted: it belonged to development');
    await until('the correction in the log', async () => (await last('t-1'))?.correction?.master === 'development');
    await page.locator('.answer-more').getByText('said it belongs to').waitFor();
    expect(await actionOf('correct')).toMatchObject({ target: 't-1', reason: 'it is about our own code' });
  });

  it('cancels a task, and decides another anew', async () => {
    await submit('t-stop', 'Rotate the leaked credentials', { master: 'inventory' });
    await visit(page, '/tasks/t-stop');
    await page.getByRole('button', { name: 'Decide anew' }).click();
    await until('a second decision', async () => ((await last('t-stop'))?.decided_revision ?? 0) > 1);
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await until('the cancel in the log', async () => (await last('t-stop'))?.settled_as === 'cancelled');
    await page.locator('.task-head').getByText('cancelled').waitFor();
  });

  it('sends an open task elsewhere, and a failed one, which is done again there', async () => {
    await submit('t-move', 'Count the repositories we own', { master: 'inventory' });
    await visit(page, '/tasks/t-move');
    await page.getByRole('button', { name: 'Send elsewhere…' }).click();
    await page.getByText('The task goes there at once').waitFor();
    await page.getByRole('radio', { name: 'cicd' }).check();
    await page.getByRole('textbox', { name: /^Why/ }).fill('they keep the list');
    await picture(page, 'send-elsewhere');
    await page.getByRole('button', { name: 'Send there' }).click();
    await said('It goes to cicd');
    await until('the way to cicd', async () => (await last('t-move'))?.decision?.master === 'cicd');
    await expect.poll(() => page.locator('.answer').innerText()).toMatch(/^It went to\s+cicd: a person decided/);
    expect(await actionOf('correct')).toMatchObject({ target: 't-move', reason: 'they keep the list' });

    const claim = { task: 't-move', master: 'cicd', status: 'failed', error: 'there is no such list' };
    await publish(bus, bus.subjects.outcome('cicd'), claim, { type: EVENT_TYPES.outcome, id: 'claim-t-move' });
    await page.locator('.trouble').getByText('there is no such list').waitFor();
    await page.locator('.task-head').getByText('failed').waitFor();
    await page.getByRole('button', { name: 'Send elsewhere…' }).click();
    await page.getByText('The task has ended without success').waitFor();
    await page.getByRole('radio', { name: 'security' }).check();
    expect(await page.getByRole('checkbox', { name: 'It is done again there' }).isChecked()).toBe(true);
    await looked('send-failed-elsewhere');
    await page.getByRole('button', { name: 'Send there' }).click();
    await until('security to have done it', async () => {
      const outcome = (await last('t-move'))?.outcome;
      return outcome?.master === 'security' && outcome.success === true;
    });
    await page.locator('.task-head').getByText('settled').waitFor();
    await page.getByRole('button', { name: 'Correct…' }).waitFor();
    await picture(page, 'sent-and-done');
  });

  it('finds tasks by words and state, and keeps the filter in the address', async () => {
    await visit(page, '/tasks');
    await page.keyboard.press('/');
    await page.keyboard.type('payments cve');
    await expect.poll(() => page.locator('.rows-body .row').count()).toBe(1);
    expect(page.url()).toContain('q=payments+cve');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 't-1' }).waitFor();
    await page.goBack();
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByLabel('State').selectOption('cancelled');
    await page.getByRole('link', { name: 'Rotate the leaked credentials' }).waitFor();
  });

  it('answers a question by keyboard alone', async () => {
    await submit('t-odd', 'Order a birthday cake for the team');
    await visit(page, '/reviews');
    const card = page.locator('.question').filter({ hasText: 'birthday cake' });
    await card.waitFor();
    await picture(page, 'review');
    const choice = card.getByRole('button', { name: /development/ });
    const key = await choice.locator('kbd').innerText();
    while ((await card.getAttribute('aria-current')) !== 'true') await page.keyboard.press('j');
    await page.keyboard.press(key);
    await said('It goes to development');
    await until('the answer in the log', async () => (await last('t-odd'))?.decision?.method === 'human');
    expect((await last('t-odd'))?.decision?.master).toBe('development');
    await card.waitFor({ state: 'detached' });
  });

  it('pauses a master, and undoes it from the interventions', async () => {
    const masters = await openMasters(bus);
    await visit(page, '/masters');
    await page.getByRole('button', { name: 'Pause inventory' }).click();
    await until('the pause', () => masters.find('inventory')?.status === 'paused');
    await page
      .getByRole('row', { name: /inventory/ })
      .getByText('paused')
      .waitFor();
    await visit(page, '/alerts');
    await page.getByRole('button', { name: 'Undo: Resume inventory' }).click();
    await until('the undo', () => masters.find('inventory')?.status === 'active');
    await said('Undone: Resume inventory');
    await masters.close();
  });

  it('adds a master that gets tasks at once', async () => {
    await visit(page, '/masters');
    await page.getByRole('button', { name: 'Add a master' }).click();
    await page.getByLabel('Name', { exact: true }).fill('legal');
    await page.getByLabel('What kind of work it owns').fill('Contracts and licences');
    await page.getByLabel('Words that point to it').fill('GDPR, NDA');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await said('legal added');
    await page.getByRole('button', { name: 'legal', exact: true }).click();
    await page.getByText('Contracts and licences').waitFor();
    await submit('t-nda', 'Review the NDA', { master: 'legal' });
    await until('its decision', async () => (await last('t-nda'))?.decision?.master === 'legal');
  });

  it('edits a master: what the form does not show is kept, and it can be undone', async () => {
    const masters = await openMasters(bus);
    await masters.change('legal', { capabilities: ['contracts'] });
    await visit(page, '/masters?master=legal');
    await page.getByRole('button', { name: 'Edit', exact: true }).click();
    await page.getByLabel('What kind of work it owns').fill('Contracts, licences, privacy');
    await page.getByLabel('Tasks it should get').fill('Review the contract with Acme\n\nMay we use a GPL library?');
    await looked('master-edit');
    await page.getByRole('button', { name: 'Save' }).click();
    await said('legal changed');
    const described = (words: string) => until(words, () => masters.find('legal')?.description === words);
    await described('Contracts, licences, privacy');
    expect(masters.find('legal')).toMatchObject({
      examples: ['Review the contract with Acme', 'May we use a GPL library?'],
      keywords: ['GDPR', 'NDA'],
      capabilities: ['contracts'],
      status: 'active',
    });
    await page.reload();
    await page.getByText('Contracts, licences, privacy', { exact: true }).waitFor();
    await picture(page, 'master-edited');
    await visit(page, '/alerts');
    await page.getByRole('button', { name: 'Undo: Put legal back as it was' }).click();
    await described('Contracts and licences');
    expect(masters.find('legal')?.examples).toEqual([]);
    await masters.close();
  });

  it('looks into a dead letter and puts it back', async () => {
    await bus.js.publish(bus.subjects.submit, '{"no":"text"}');
    await visit(page, '/dead');
    const row = page.getByRole('row', { name: /TASKS-/ });
    await row.waitFor();
    const id = await row.getByRole('rowheader').innerText();
    await row.getByRole('button', { name: id, exact: true }).click();
    await page.getByText('"no": "text"').waitFor();
    await picture(page, 'dead-letter');
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: `Retry ${id}` }).click();
    await said(/Put back: published again/);
    expect(await actionOf('retry-letter')).toMatchObject({ target: id });
    // It is as wrong as before: a new letter tells so.
    await page
      .getByRole('row', { name: /TASKS-/ })
      .filter({ hasNotText: id })
      .waitFor();
  });

  it('rolls a model back, with the reason in its history', async () => {
    const registry = await openModelRegistry(bus, { keys: join(system.home, 'keys') });
    for (const version of [1, 2]) {
      const folder = await mkdtemp(join(tmpdir(), 'cortex-model-'));
      await writeFile(join(folder, 'model.json'), JSON.stringify({ version }));
      await registry.publish('forecast', folder, {
        by: 'test',
        announce: false,
        metrics: { wape: 0.3 / version },
        curves: { loss: [1, 2, 3, 4].map((epoch) => [epoch, 2 / epoch] as const) },
      });
      await registry.setAliases('forecast', { champion: `forecast@${version}` }, { by: 'test', reason: 'test' });
      await rm(folder, { recursive: true, force: true });
    }
    await visit(page, '/models');
    await page.getByRole('rowheader', { name: 'forecast@2' }).waitFor();
    await page.getByRole('img', { name: 'Training of forecast@2 over 4 epochs: loss 2 to 0.5' }).waitFor();
    await page.getByRole('button', { name: 'Roll back… forecast' }).click();
    await page.getByRole('textbox', { name: /^Why/ }).fill('wrong since noon');
    await page.getByRole('button', { name: 'Roll back', exact: true }).click();
    await said('forecast@1 serves again');
    const aliases = await registry.aliases('forecast');
    expect(aliases.champion).toBe('forecast@1');
    expect(aliases.history.at(-1)).toMatchObject({ event: 'rolled-back', reason: 'wrong since noon' });
  });

  it('promotes a version by hand: it watches, decides a share, serves, as its aliases say', async () => {
    const registry = await openModelRegistry(bus, { keys: join(system.home, 'keys') });
    const promote = async (as: string, reason: string, share?: string) => {
      await page.getByRole('button', { name: 'Promote… forecast@2' }).click();
      await page.getByRole('heading', { name: 'Give forecast@2 more say' }).waitFor();
      await page.getByRole('radio', { name: as }).check();
      if (share !== undefined) await page.getByLabel('Share of the tasks in percent').fill(share);
      await page.getByRole('textbox', { name: /^Why/ }).fill(reason);
      // The fullest form.
      if (share !== undefined) await looked(`promote-${as}`);
      await page.getByRole('button', { name: 'Promote', exact: true }).click();
    };
    await visit(page, '/models');
    await promote('shadow', 'look at it first');
    await said('forecast@2 watches');
    expect(await registry.aliases('forecast')).toMatchObject({ champion: 'forecast@1', shadow: 'forecast@2' });
    await promote('challenger', 'a fifth of them', '20');
    await said('forecast@2 is on trial');
    expect(await registry.aliases('forecast')).toMatchObject({
      champion: 'forecast@1',
      challenger: 'forecast@2',
      share: 0.2,
    });
    await page.getByText('forecast@2, 20% of the tasks').waitFor();
    await promote('champion', 'better on the fifth');
    await said('forecast@2 serves');
    const aliases = await registry.aliases('forecast');
    expect(aliases).toMatchObject({ champion: 'forecast@2', share: 0 });
    expect(aliases.challenger).toBeUndefined();
    expect(aliases.history.at(-1)).toMatchObject({ event: 'promoted', reason: 'better on the fifth' });
    await expect.poll(() => page.getByRole('button', { name: 'Promote… forecast@2' }).isDisabled()).toBe(true);
    await picture(page, 'promoted');
  });

  it.each(['light', 'dark'] as const)('has no serious finding of accessibility on any page (%s)', async (theme) => {
    const seen = await openPage(browser, system.ready.dashboard.link, { theme });
    const paths = [
      '/',
      '/tasks',
      '/tasks/t-1',
      '/masters?master=security',
      '/models',
      '/reviews',
      '/alerts',
      '/prompts',
      '/librarian?q=lease',
      '/dead',
    ];
    const found: string[] = [];
    for (const path of paths) {
      await visit(seen.page, path);
      await seen.page.locator('.loading').first().waitFor({ state: 'detached' });
      for (const line of await seriousFindings(seen.page, theme === 'dark')) found.push(`${path} ${line}`);
      await picture(seen.page, `${path.replace(/\W+/g, '-').replace(/^-|-$/g, '') || 'now'}-${theme}`);
    }
    expect(found).toEqual([]);
    expect(seen.complaints).toEqual([]);
    await seen.page.context().close();
  });

  it('fits a narrow screen without scrolling sideways', async () => {
    const seen = await openPage(browser, system.ready.dashboard.link, { width: 380, height: 760 });
    for (const path of ['/', '/tasks', '/tasks/t-1', '/masters', '/models', '/reviews', '/alerts', '/dead']) {
      await visit(seen.page, path);
      await seen.page.locator('.loading').first().waitFor({ state: 'detached' });
      const wide = await seen.page.evaluate<number>(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      expect(wide, path).toBeLessThanOrEqual(0);
    }
    await picture(seen.page, 'narrow');
    await seen.page.context().close();
  });

  it('complained about nothing all the while', () => {
    expect(watched.complaints).toEqual([]);
  });
});
