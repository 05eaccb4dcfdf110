// The router: says which master a task should go to, with calibrated odds, and why.
// Takes asks (`ask.router`), the registry of masters, and trained models from their registry or a folder. Gives answers. Keeps nothing that
// cannot be made again: vectors and built models in the cache folder.

import { join } from 'node:path';
import { type ActorDefinition, openMasters, type Question, readMark, serveAsks } from '@cortex/bus';
import { loadServedRouter, type RouterModel, shareEncoder, watchModelFolder } from '@cortex/models';
import { checkMessage } from '@cortex/schemas';
import { ArmRouting } from './arms/arm-routing.js';
import { type FollowedRouters, followRouters } from './arms/follow.js';
import { Eligibility } from './eligible.js';
import { EncoderSupply } from './encoder-supply.js';
import { LiveRecords } from './live-records.js';
import type { Panel } from './panel.js';
import { Routing } from './routing.js';
import { Serving } from './serving.js';
import { type RouterSettingsInput, routerSettingsSchema } from './settings.js';
import { RouterWorks, type WorksOptions } from './works.js';

export interface RouterParts {
  /** Puts something between every trained model and who hears it: for trials of models that misbehave. Default: nothing. */
  readonly through?: (panel: Panel) => Panel;
}

/** The router actor. Throws InvalidMessage naming the setting that does not fit. */
export function routerActor(settings: RouterSettingsInput = {}, parts: RouterParts = {}): ActorDefinition {
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
        load: folder ? () => shareEncoder(folder, { cacheFolder: join(set.cache_folder, 'vectors') }) : undefined,
        absent: 'none is configured, rules and words serve',
        onState: () => setImmediate(() => changed()),
      });
      context.add({ name: 'encoder', stop: () => encoder.close() });

      const records = new LiveRecords(bus, log);
      context.add({ name: 'track records', stop: async () => records.stop() });

      const worksOptions: WorksOptions = {
        cacheFolder: set.cache_folder,
        sure: set.sure,
        log,
        encoder: () => {
          const current = encoder.current();
          return current && folder ? { encoder: current, folder } : undefined;
        },
        missing: () => encoder.missing(),
        onModel: (model) => records.show(model),
        onReading: (what) => {
          reading = what;
          say();
        },
        ...parts,
      };
      const works = new RouterWorks(worksOptions);
      let serving: Serving | undefined;
      let followed: FollowedRouters | undefined;
      // An encoder that comes (back) is put to use; one that goes is noticed at each ask.
      const changed = () => {
        if (encoder.missing() === undefined) reading ??= 'about to read the examples';
        say();
        if (encoder.missing() !== undefined) return;
        serving?.again();
        followed?.again();
      };
      let inFolder: RouterModel | undefined;
      let champion: { name: string; model: RouterModel } | undefined;
      const serveTrained = () => {
        if (champion) works.setTrained(champion.model, '', champion.name);
        else works.setTrained(inFolder, set.model_folder ?? '');
        serving?.again();
      };
      followed = await followRouters({
        context,
        masters,
        settings: set,
        works: worksOptions,
        onChampion(next) {
          champion = next;
          serveTrained();
        },
      });
      if (set.model_folder !== undefined) {
        const watch = watchModelFolder({
          folder: set.model_folder,
          // What the registry laid out there is loaded already, or was rolled back.
          load: async (path) =>
            followed?.governs() && (await readMark(path)) ? undefined : await loadServedRouter(path),
          onModel: (model) => {
            inFolder = model;
            if (!champion) serveTrained();
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
      const arms = new ArmRouting({
        routing,
        champion: () => live.current(),
        trials: () => followed?.trials() ?? [],
        patienceMs: set.patience_ms,
        marginMs: set.answer_margin_ms,
        log,
      });
      const server = serveAsks(bus, {
        actor: 'router',
        batch: set.batch,
        concurrency: set.concurrency,
        onMissing: (missing) => context.degrade('asks', missing ? 'the stream of asks is not there' : undefined),
        answer: (questions: Question[]) => arms.answer(questions),
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
