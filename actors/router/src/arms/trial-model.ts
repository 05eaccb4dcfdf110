// A model beside the champion, made to fit the masters as they are and kept so.
import type { Logger } from '@cortex/bus';
import type { RouterModel } from '@cortex/models';
import type { Panel } from '../panel.js';
import { type LiveMasters, Serving } from '../serving.js';
import { RouterWorks, type WorksOptions } from '../works.js';

export interface TrialModel {
  readonly name: string;
  /** Undefined until it has been made to fit the masters. */
  panel(): Panel | undefined;
  /** Something else came: the encoder. */
  again(): void;
  close(): void;
}

export function trialModel(
  name: string,
  model: RouterModel,
  masters: LiveMasters,
  options: WorksOptions & { readonly debounceMs: number; readonly log: Logger },
): TrialModel {
  // It has nothing to build or to read: only the champion says that something is missing.
  const works = new RouterWorks({ ...options, onReading: () => undefined });
  works.setTrained(model, '', name);
  const serving = new Serving(masters, works, options);
  return {
    name,
    panel() {
      const panel = serving.current();
      return panel.version === name ? panel : undefined;
    },
    again: () => serving.again(),
    close: () => serving.close(),
  };
}
