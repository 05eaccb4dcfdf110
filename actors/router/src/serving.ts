// Which panel serves, and how another one comes in its place: built aside, swapped whole, no ask dropped.
// The one thing to know: a change of the registry is honoured at once by a panel of rules (and who may be chosen is looked
// up at each ask); the better panel follows when it has been built.
import type { Logger } from '@cortex/bus';
import type { Master } from '@cortex/schemas';
import type { Panel } from './panel.js';

/** The registry as the router needs it: a picture, its number, and a bell. */
export interface LiveMasters {
  list(): Master[];
  revision(): number;
  onChange(listener: () => void): () => void;
}

export interface PanelWorks {
  /** A panel for now, made inline in a few milliseconds; `better` is what served before and is still worth hearing. */
  quick(masters: readonly Master[], revision: number, better: Panel | undefined): Panel;
  /**
   * A better one, built off the event loop; `onReady` may be called several times, each better than the one before.
   * Rejects when it cannot be built.
   */
  build(
    masters: readonly Master[],
    revision: number,
    signal: AbortSignal,
    onReady: (panel: Panel) => void,
  ): Promise<void>;
}

export interface ServingOptions {
  readonly debounceMs: number;
  readonly log: Logger;
  readonly onSwap?: (panel: Panel) => void;
}

export class Serving {
  private panel: Panel;
  private better: Panel | undefined;
  private building: AbortController | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly offChange: () => void;
  private closed = false;

  constructor(
    private readonly masters: LiveMasters,
    private readonly works: PanelWorks,
    private readonly options: ServingOptions,
  ) {
    this.panel = works.quick(masters.list(), masters.revision(), undefined);
    this.offChange = masters.onChange(() => this.later());
    this.rebuild();
  }

  current(): Panel {
    return this.panel;
  }

  /** Builds anew although the registry is the same: the encoder came, a trained model was exchanged. */
  again(): void {
    this.later();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.offChange();
    this.building?.abort();
  }

  private later(): void {
    if (this.closed) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.serve(this.works.quick(this.masters.list(), this.masters.revision(), this.better));
      this.rebuild();
    }, this.options.debounceMs);
  }

  private rebuild(): void {
    this.building?.abort();
    const building = new AbortController();
    this.building = building;
    const revision = this.masters.revision();
    this.works
      .build(this.masters.list(), revision, building.signal, (panel) => {
        if (building.signal.aborted || this.closed) return;
        this.better = panel;
        this.serve(panel);
      })
      .catch((error: unknown) => {
        if (building.signal.aborted) return;
        this.options.log.error('the router could not be built from the registry; what served before serves on', {
          revision,
          error: String(error),
        });
      });
  }

  private serve(panel: Panel): void {
    this.panel = panel;
    this.options.onSwap?.(panel);
  }
}
