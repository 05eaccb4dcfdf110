import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { provideJaeger } from './jaeger.js';

describe('provideJaeger', () => {
  let home: string;
  let env: NodeJS.ProcessEnv;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'cortex-jaeger-'));
    env = { PATH: join(home, 'bin'), CORTEX_CACHE: join(home, 'cache') };
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  it('refuses a CORTEX_JAEGER that is not there, naming it', async () => {
    env.CORTEX_JAEGER = join(home, 'nowhere');
    await expect(provideJaeger({ env })).rejects.toThrow(/CORTEX_JAEGER: .*nowhere is not a file/);
  });

  it('does not spend minutes on a build that nobody asked for', async () => {
    expect(await provideJaeger({ env })).toMatchObject({
      found: false,
      reason: expect.stringMatching(/building it .* was not asked for/),
    });
  });

  it('says that Go is missing when asked to build without it', async () => {
    expect(await provideJaeger({ env, build: true })).toMatchObject({
      found: false,
      reason: expect.stringMatching(/there is no go/),
    });
  });

  it('takes the copy that was built before', async () => {
    const folder = join(home, 'cache', 'jaeger', '1.76.0');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'jaeger-all-in-one'), '');
    expect(await provideJaeger({ env })).toEqual({
      found: true,
      path: join(folder, 'jaeger-all-in-one'),
      source: 'cached copy',
    });
  });
});
