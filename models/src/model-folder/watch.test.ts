import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FolderWatch, watchModelFolder } from './watch.js';

describe('the folder of a trained model', () => {
  let folder: string;
  let watch: FolderWatch;
  let served: (string | undefined)[];
  let refused: string[];
  let loads: number;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cortex-model-'));
    served = [];
    refused = [];
    loads = 0;
    watch = watchModelFolder({
      folder,
      everyMs: 3_600_000,
      log: { warn: () => undefined, error: (_message, fields) => refused.push(String(fields?.reason)) },
      onModel: (model) => served.push(model),
      load: async () => {
        loads++;
        if (content === 'broken') throw new Error('its hash is wrong');
        return content;
      },
    });
  });
  afterEach(async () => {
    watch.stop();
    await rm(folder, { recursive: true, force: true });
  });
  let content = '';
  const put = async (next: string) => {
    content = next;
    await writeFile(join(folder, 'manifest.json'), next);
  };

  it('serves what appears, and what takes its place', async () => {
    await put('one');
    await watch.look();
    await put('another');
    await watch.look();
    expect(served).toEqual(['one', 'another']);
  });

  it('is loaded once as long as nothing changes', async () => {
    await put('one');
    await watch.look();
    await watch.look();
    expect(loads).toBe(1);
  });

  it('is refused by name, once, and the old one serves on', async () => {
    await put('one');
    await watch.look();
    await put('broken');
    await watch.look();
    await watch.look();
    expect(served).toEqual(['one']);
    expect(refused).toEqual(['its hash is wrong']);
    await put('mended');
    await watch.look();
    expect(served).toEqual(['one', 'mended']);
  });

  it('gives way to the registry when it is emptied', async () => {
    await put('one');
    await watch.look();
    await rm(folder, { recursive: true });
    await watch.look();
    expect(served).toEqual(['one', undefined]);
  });
});
