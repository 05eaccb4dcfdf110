// A real Chromium for the tests of the dashboard: found, started without a network of its own, its complaints kept.
import { accessSync, constants, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Path of a Chromium, or the reason why there is none. `CORTEX_REQUIRE_ALL=1` turns the reason into an error. */
export function chromiumBinary(): { path: string } | { missing: string } {
  const named = process.env.CORTEX_CHROMIUM;
  const found = (process.env.PATH ?? '').split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  for (const path of named ? [named] : found) {
    try {
      accessSync(path, constants.X_OK);
      return { path };
    } catch {
      // Not there: the next one.
    }
  }
  const missing = 'no Chromium: install it (Debian: apt-get install chromium), or set CORTEX_CHROMIUM to its path';
  if (process.env.CORTEX_REQUIRE_ALL === '1') throw new Error(missing);
  return { missing };
}

export async function startBrowser(): Promise<Browser> {
  const binary = chromiumBinary();
  if ('missing' in binary) throw new Error(binary.missing);
  return chromium.launch({
    executablePath: binary.path,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

export interface Watched {
  readonly page: Page;
  /** What the page complained about: exceptions, blocked scripts, failed requests. */
  readonly complaints: readonly string[];
}

export interface PageOptions {
  readonly theme?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
}

/** A page of its own (no cookies of others), logged in by the link. */
export async function openPage(browser: Browser, link: string, options: PageOptions = {}): Promise<Watched> {
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1280, height: options.height ?? 800 },
    colorScheme: options.theme ?? 'light',
    reducedMotion: 'reduce',
    locale: 'en-GB',
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`));
  page.on('console', (message) => {
    // A server that is away is part of some tests.
    if (message.type() === 'error' && !/Failed to load resource|ERR_/.test(message.text()))
      complaints.push(message.text());
  });
  await page.goto(link);
  await page.getByRole('heading', { level: 1 }).waitFor();
  return { page, complaints };
}

/** Goes where a link of the page goes, without loading it anew. */
export async function visit(page: Page, path: string): Promise<void> {
  // As text: these tests are compiled without the types of a browser.
  await page.evaluate(
    `history.pushState(null, '', ${JSON.stringify(path)}); dispatchEvent(new PopStateEvent('popstate'))`,
  );
  await page.getByRole('heading', { level: 1 }).waitFor();
}

/** Serious and critical findings of axe, a line each; `colours`: only what depends on the theme. */
export async function seriousFindings(page: Page, colours = false): Promise<string[]> {
  // Evaluated from outside, as an extension would: the page's own policy stays in force.
  await page.evaluate(AXE);
  return page.evaluate(async (only) => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(options: object): Promise<{
          violations: { id: string; impact: string; nodes: { html: string; failureSummary?: string }[] }[];
        }>;
      };
    };
    const { violations } = await axe.run(only ? { runOnly: ['color-contrast', 'link-in-text-block'] } : {});
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) =>
        nodes
          .slice(0, 3)
          .map(
            ({ html, failureSummary }) =>
              `${id}: ${html.slice(0, 160)} ${(failureSummary ?? '').replace(/\s+/g, ' ').slice(0, 200)}`,
          ),
      );
  }, colours);
}

/** Into tmp/screenshots, and into `CORTEX_SCREENSHOTS` for the docs when `shown` and that is set. */
export async function picture(page: Page, name: string, shown = false): Promise<void> {
  const folders = [
    join(ROOT, 'tmp', 'screenshots'),
    ...(shown && process.env.CORTEX_SCREENSHOTS ? [process.env.CORTEX_SCREENSHOTS] : []),
  ];
  for (const folder of folders) {
    mkdirSync(folder, { recursive: true });
    // Those for people to look through show all of a page; those for the docs, what a screen shows.
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: !shown });
  }
}
