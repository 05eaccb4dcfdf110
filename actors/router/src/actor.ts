// The router: says which master a task should go to, with calibrated odds, and why.
// Takes asks (`ask.router`), the registry of masters and perhaps a trained model's folder. Gives answers. Keeps nothing that
// cannot be made again: vectors and built models in the cache folder.

import { join } from 'node:path';
import { type ActorDefinition, openMasters, type Question, serveAsks } from '@cortex/bus';
import { loadEncoder } from '@cortex/models';
import { checkMessage } from '@cortex/schemas';
import { Eligibility } from './eligible.js';
import { EncoderSupply } from './encoder-supply.js';
import { firstPanel } from './first-panel.js';
import { Routing } from './routing.js';
import { Serving } from './serving.js';
import { type RouterSettingsInput, routerSettingsSchema } from './settings.js';

/** The router actor. Throws InvalidMessage naming the setting that does not fit. */
export function routerActor(settings: RouterSettingsInput = {}): ActorDefinition {
  const set = checkMessage('router settings', routerSettingsSchema, settings);
  return {
    name: 'router',
    description: 'Says which master a task should go to, with odds and reasons.',
    async start(context) {
      const { bus, log } = context;
      const masters = await openMasters(bus);
      context.add({ name: 'registry', stop: () => masters.close() });

      const folder = encoderFolder(set.encoder);
      const encoder = new EncoderSupply({
        load: folder ? () => loadEncoder(folder, { cacheFolder: join(set.cache_folder, 'vectors') }) : undefined,
        absent: 'none is configured, rules and words serve',
        onState: (reason) => context.degrade('encoder', reason),
      });
      context.add({ name: 'encoder', stop: () => encoder.close() });

      const serving = new Serving(
        masters,
        {
          quick: (all, revision) =>
            firstPanel({ masters: all, revision, sure: set.sure, reason: 'nothing better has been built yet' }),
          build: async () => undefined,
        },
        { debounceMs: set.debounce_ms, log },
      );
      context.add({ name: 'model', stop: () => serving.close() });

      const routing = new Routing({
        panel: () => serving.current(),
        eligibility: new Eligibility(masters),
        encoder,
        remembered: set.remembered,
        earlyExit: set.early_exit,
        marginMs: set.answer_margin_ms,
        onFailure: (error) => log.error('an expert failed; rules and words answered', { error: String(error) }),
      });
      const server = serveAsks(bus, {
        actor: 'router',
        batch: set.batch,
        concurrency: set.concurrency,
        onMissing: (missing) => context.degrade('asks', missing ? 'the stream of asks is not there' : undefined),
        answer: (questions: Question[]) => routing.answer(questions),
      });
      context.add({
        name: 'asks',
        subject: bus.subjects.ask('router'),
        busy: () => server.busy(),
        stop: (limitMs) => server.stop(limitMs),
      });
    },
  };
}

/** Undefined when the encoder is switched off. */
function encoderFolder(setting: string): string | undefined {
  return ['', 'off', 'none', '0'].includes(setting.trim().toLowerCase()) ? undefined : setting;
}
