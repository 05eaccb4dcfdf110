// One graph a library, built when it is first asked for and anew when the index has changed; questions meanwhile use the one before.
import { COLLECTIONS } from '@cortex/schemas';
import type { Store } from '../store/types.js';
import { buildGraph, type KnowledgeGraph } from './build-graph.js';

/** An index under watch changes all the time; its graph need not follow every letter. Milliseconds. */
const FRESH_MS = 15_000;

export class SharedGraph {
  private built: KnowledgeGraph | undefined;
  private version = '';
  private builtAt = 0;
  private building: Promise<KnowledgeGraph> | undefined;

  constructor(private readonly store: Store) {}

  /** `wait: false` gives what is there, perhaps nothing yet, and builds on. */
  async get(wait: boolean): Promise<KnowledgeGraph | undefined> {
    if (Date.now() - this.builtAt > FRESH_MS && !this.building) {
      const version = (await Promise.all(COLLECTIONS.map((c) => this.store.version(c)))).join('.');
      if (version !== this.version || !this.built) {
        this.building ??= buildGraph(this.store)
          .then((graph) => {
            this.built = graph;
            this.version = version;
            return graph;
          })
          .finally(() => {
            this.building = undefined;
            this.builtAt = Date.now();
          });
        // Nobody may be waiting.
        this.building.catch(() => undefined);
      } else this.builtAt = Date.now();
    }
    if (!this.built && wait && this.building) return this.building;
    return this.built;
  }
}
