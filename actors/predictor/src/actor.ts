// The predictor: says beforehand how a task would go with each candidate. Takes asks, telemetry, a trained predictor's folder. Gives
// answers. Keeps nothing.
import { type ActorDefinition, type Question, readMark, serveAsks } from '@cortex/bus';
import { type Encoder, loadPredictor, type Predictor, shareEncoder, watchModelFolder } from '@cortex/models';
import { checkMessage, decodeMessage, predictAskSchema } from '@cortex/schemas';
import { answerOf, queriesOf } from './answer.js';
import { followPredictors } from './follow.js';
import { followOutcomes } from './outcomes.js';
import { type PredictorSettingsInput, predictorSettingsSchema } from './settings.js';
import { followFleet } from './telemetry.js';

interface Served {
  readonly predictor: Predictor;
  readonly version: string;
}

/** Throws InvalidMessage naming the setting that does not fit. */
export function predictorActor(input: PredictorSettingsInput = {}): ActorDefinition {
  const settings = checkMessage('predictor settings', predictorSettingsSchema, input);
  return {
    name: 'predictor',
    description: 'Says how a task would go with each master: success, minutes, tokens, complexity.',
    async start(context) {
      const { bus, log } = context;
      const fleet = followFleet(bus);
      context.add({ name: 'fleet', stop: () => fleet.stop() });
      const encoder = await openEncoder(settings.encoder, settings.vector_folder);
      if (encoder) context.add({ name: 'encoder', stop: () => encoder.close() });
      let served: Served | undefined;
      let swaps = 0;
      const serve = (predictor: Predictor | undefined, name?: string) => {
        served = predictor ? { predictor, version: name ?? `predictor@${++swaps}` } : undefined;
        context.answers(served !== undefined);
        context.degrade(
          'model',
          served ? undefined : 'no trained predictor: it has no idea (train one with "cortex train success")',
        );
      };
      serve(undefined);
      let inFolder: Predictor | undefined;
      let champion = false;
      const governs = await followPredictors(
        context,
        settings,
        (folder) => loadPredictor(folder, { encoder }),
        (next) => {
          champion = next !== undefined;
          if (next) serve(next.model, next.name);
          else serve(inFolder);
        },
      );
      if (settings.model_folder !== undefined) {
        const watch = watchModelFolder({
          folder: settings.model_folder,
          // What the registry laid out there is loaded already, or was rolled back.
          load: async (folder) =>
            governs() && (await readMark(folder)) ? undefined : await loadPredictor(folder, { encoder }),
          onModel: (model) => {
            inFolder = model;
            if (!champion) serve(model);
          },
          log,
        });
        context.add({ name: 'model folder', stop: () => watch.stop() });
        await watch.look();
      }
      const endOutcomes = followOutcomes(bus, (row) => served?.predictor.observe(row));
      context.add({ name: 'outcomes', stop: endOutcomes });
      const server = serveAsks(bus, {
        actor: 'predictor',
        batch: settings.batch,
        onMissing: (missing) => context.degrade('ASKS', missing ? 'its consumer is missing' : undefined),
        answer: (questions: Question[]) => Promise.all(questions.map((question) => predict(question))),
      });
      context.add({
        name: 'asks',
        subject: bus.subjects.ask('predictor'),
        busy: server.busy,
        stop: (limitMs) => server.stop(limitMs),
      });

      async function predict(question: Question): Promise<object | Error> {
        try {
          const ask = decodeMessage('predict ask', predictAskSchema, question.data);
          // One model for the whole answer, also when another is swapped in meanwhile.
          const current = served;
          if (!current) return answerOf(ask, [], {});
          const queries = queriesOf(ask, fleet.gauges());
          const predictions = await current.predictor
            .predict(queries)
            .catch(() => current.predictor.predictEmbedded(queries));
          return answerOf(
            ask,
            predictions,
            Object.fromEntries(current.predictor.families.map((family) => [family, current.version])),
          );
        } catch (error) {
          return error instanceof Error ? error : new Error(String(error));
        }
      }

      async function openEncoder(folder: string, vectors: string | undefined): Promise<Encoder | undefined> {
        if (folder === '' || folder === 'off' || folder === 'none') return undefined;
        try {
          return await shareEncoder(folder, vectors === undefined ? {} : { cacheFolder: vectors });
        } catch (error) {
          context.degrade('encoder', error instanceof Error ? error.message : String(error));
          return undefined;
        }
      }
    },
  };
}
