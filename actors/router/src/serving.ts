// Which panel serves, and how another one comes in its place: built aside, swapped whole, no ask dropped.
// The one thing to know: who may be chosen is looked up at each ask, so a removed master is out at once; a new one is in as soon
// as the model at hand has read its description, and the better model follows when it has been built.
import type { Logger } from '@cortex/bus';
import type { Master } from '@cortex/schemas';
import type { Panel } from './panel.js';

/** The registry as the router needs it: a picture, its number, and a bell. */
export interface LiveMasters {
  list(): Master[];
  revision(): number;
  onChange(listener: () => void): () => void;
}

export interface Picture {
  readonly masters: readonly Master[];
  readonly revision: number;
}

export interface PanelWorks {
  /** A panel for now, made on the spot. */
  first(picture: Picture): Panel;
  /** Whether the model behind a panel was taken back: rules are better than what somebody rolled back. */
  withdrawn?(panel: Panel): boolean;
  /** The best model at hand, made to fit these masters; a matter of milliseconds. Undefined when there is none. */
  adapt(picture: Picture): Promise<Panel | undefined>;
  /** Better ones, built off the event loop; `onReady` may be called several times, each better than the one before. */
  build(picture: Picture, signal: AbortSignal, onReady: (panel: Panel) => void): Promise<void>;
}

export interface ServingOptions {
  readonly debounceMs: number;
  readonly log: Logger;
}

export class Serving {
  private panel: Panel;
  private cycle: AbortController | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly offChange: () => void;
  private closed = false;

  constructor(
    private readonly masters: LiveMasters,
    private readonly works: PanelWorks,
    private readonly options: ServingOptions,
  ) {
    this.panel = works.first(this.picture());
    this.offChange = masters.onChange(() => this.later(options.debounceMs));
    this.later(0);
  }

  current(): Panel {
    return this.panel;
  }

  /** The registry is the same, but something else came: the encoder, a trained model. */
  again(): void {
    this.later(0);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.offChange();
    this.cycle?.abort();
  }

  private later(ms: number): void {
    if (this.closed) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.renew(), ms);
  }

  private renew(): void {
    this.cycle?.abort();
    const cycle = new AbortController();
    this.cycle = cycle;
    const picture = this.picture();
    const serve = (panel: Panel) => {
      if (!cycle.signal.aborted) this.panel = panel;
    };
    const failed = (what: string) => (error: unknown) => {
      if (cycle.signal.aborted) return;
      const reason = error instanceof Error ? error.message : String(error);
      this.options.log.error(`${what}; what served before serves on`, { revision: picture.revision, reason });
    };
    void (async () => {
      const adapted = await this.works.adapt(picture).catch(failed('the model could not be made to fit the registry'));
      const useless = this.panel.provisional || this.works.withdrawn?.(this.panel);
      serve(adapted ?? (useless ? this.works.first(picture) : this.panel));
      if (cycle.signal.aborted) return;
      await this.works.build(picture, cycle.signal, serve).catch(failed('no router could be built from the registry'));
    })();
  }

  private picture(): Picture {
    return { masters: this.masters.list(), revision: this.masters.revision() };
  }
}
