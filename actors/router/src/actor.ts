// The router: says which master a task should go to, with calibrated odds, and why.
// Takes asks (`ask.router`), the registry of masters and perhaps a trained model's folder. Gives answers. Keeps nothing that
// cannot be made again: vectors and built models in the cache folder.

import { join } from 'node:path';
import { type ActorDefinition, openMasters, type Question, serveAsks } from '@cortex/bus';
import { loadEncoder, loadServedRouter, watchModelFolder } from '@cortex/models';
import { checkMessage } from '@cortex/schemas';
import { Eligibility } from './eligible.js';
import { EncoderSupply } from './encoder-supply.js';
import { Routing } from './routing.js';
import { Serving } from './serving.js';
import { type RouterSettingsInput, routerSettingsSchema } from './settings.js';
import { RouterWorks } from './works.js';

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
      let reading: string | undefined;
      const say = () => context.degrade('encoder', encoder.missing() ?? reading);
      const encoder: EncoderSupply = new EncoderSupply({
        load: folder ? () => loadEncoder(folder, { cacheFolder: join(set.cache_folder, 'vectors') }) : undefined,
        absent: 'none is configured, rules and words serve',
        onState: () => setImmediate(() => changed()),
      });
      context.add({ name: 'encoder', stop: () => encoder.close() });

      const works = new RouterWorks({
        cacheFolder: set.cache_folder,
        sure: set.sure,
        log,
        encoder: () => {
          const current = encoder.current();
          return current && folder ? { encoder: current, folder } : undefined;
        },
        missing: () => encoder.missing(),
        onReading: (what) => {
          reading = what;
          say();
        },
      });
      let serving: Serving | undefined;
      // An encoder that comes (back) is put to use; one that goes is noticed at each ask.
      const changed = () => {
        if (encoder.missing() === undefined) reading ??= 'about to read the examples';
        say();
        if (encoder.missing() === undefined) serving?.again();
      };
      if (set.model_folder !== undefined) {
        const watch = watchModelFolder({
          folder: set.model_folder,
          load: (path) => loadServedRouter(path),
          onModel: (model) => {
            works.setTrained(model, set.model_folder ?? '');
            serving?.again();
          },
          log,
        });
        context.add({ name: 'model folder', stop: () => watch.stop() });
        await watch.look();
      }
      const live = new Serving(masters, works, { debounceMs: set.debounce_ms, log });
      serving = live;
      context.add({ name: 'model', stop: () => live.close() });

      const routing = new Routing({
        panel: () => live.current(),
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
