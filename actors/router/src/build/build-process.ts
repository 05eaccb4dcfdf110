// The process that builds a router from the registry: niced, ends with its parent, writes aside and renames into place.
import { rename } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import { loadEncoder, saveRouter, trainRouter } from '@cortex/models';
import type { BuildNews, BuildOrder } from './order.js';

const tell = (news: BuildNews) => new Promise<void>((resolve) => process.send?.(news, () => resolve()));

async function work(order: BuildOrder): Promise<void> {
  const encoder =
    order.encoder === undefined ? undefined : await loadEncoder(order.encoder, { cacheFolder: order.vectors });
  try {
    const model = await trainRouter({
      masters: order.masters,
      rows: [],
      ...(encoder ? { encoder } : {}),
      onProgress: ({ stage, done }) => {
        if (stage === 'encoding') void tell({ kind: 'reading', share: done });
      },
    });
    await saveRouter(model, order.aside);
    await rename(order.aside, order.out);
  } finally {
    await encoder?.close();
  }
}

process.once('disconnect', () => process.exit(1));
process.once('message', (order: BuildOrder) => {
  try {
    // Answering asks comes first.
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Not allowed to: it works all the same.
  }
  work(order).then(
    async () => {
      await tell({ kind: 'done' });
      process.exit(0);
    },
    async (error: unknown) => {
      await tell({ kind: 'failed', error: error instanceof Error ? error.message : String(error) });
      process.exit(1);
    },
  );
});
