// The aliases of the router as they are now. Without a registry of models on this bus everything is the champion's.
import { type ActorContext, type Aliases, type AliasWatch, openModelRegistry } from '@cortex/bus';

/** The family whose versions route tasks. */
export const ROUTER_FAMILY = 'router';

export async function followSplit({ bus, log, add }: ActorContext): Promise<() => Aliases | undefined> {
  let watch: AliasWatch | undefined;
  try {
    watch = await (await openModelRegistry(bus)).watch(ROUTER_FAMILY, ({ champion, challenger, share, revision }) => {
      if (revision > 0) log.info('the router is split anew', { champion, challenger, share, revision });
    });
  } catch (error) {
    log.warn('no registry of models: every task is the champion’s', { reason: String(error) });
  }
  add({ name: 'aliases', stop: () => watch?.close() });
  return () => watch?.current();
}
