// Where panels come from: rules on the spot, a trained model from its folder, else a model built from the registry, first of
// words, then with the encoder. The one thing to know: every step serves until the next one is ready.
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Logger } from '@cortex/bus';
import { type Encoder, loadRouter, type MasterProfile, RouterModel } from '@cortex/models';
import { build } from './build/builder.js';
import { buildIdentity, exampleCount, type Phase, profilesOf } from './build/order.js';
import { modelPanel } from './model-panel.js';
import type { Panel } from './panel.js';
import { rulePanel } from './rules.js';
import type { PanelWorks, Picture } from './serving.js';

/** A model that serves until a better one is there. */
interface Candidate {
  readonly model: RouterModel;
  readonly version: string;
  readonly identity: string;
}

export interface WorksOptions {
  readonly cacheFolder: string;
  readonly sure: number;
  readonly log: Logger;
  /** The encoder and its folder, while it can be used. */
  readonly encoder: () => { encoder: Encoder; folder: string } | undefined;
  /** Why there is no encoder. */
  readonly missing: () => string | undefined;
  /** What is still being read with the encoder; undefined when nothing is. */
  readonly onReading: (what: string | undefined) => void;
  /** Shows a model what the masters did lately, where that is part of its answers. */
  readonly onModel?: (model: RouterModel) => void;
  /** Puts something between a model and who hears it; for trials of models that misbehave. Default: nothing. */
  readonly through?: (panel: Panel) => Panel;
}

/** From so many examples on, words serve first while the encoder still reads. */
const WORDS_FIRST = 200;

export class RouterWorks implements PanelWorks {
  private trained: Candidate | undefined;
  private built: Candidate | undefined;
  /** Whether the trained model came from the registry, and the version that was taken back there with none in its place. */
  private named = false;
  private withdrawnVersion: string | undefined;

  constructor(private readonly options: WorksOptions) {}

  /** A trained model takes over, or (undefined) gives way to what is built from the masters. `name`: its version, where the registry gave it one. */
  setTrained(model: RouterModel | undefined, folder: string, name?: string): void {
    this.withdrawnVersion = this.named && model === undefined ? this.trained?.version : undefined;
    this.named = name !== undefined;
    if (model) {
      this.options.onModel?.(model);
      const { trained_at, data } = model.state;
      const digest = createHash('sha256').update(`${data.fingerprint} ${trained_at}`).digest('hex').slice(0, 8);
      // A folder named after its version says it; one that is written again and again (`current`) does not.
      const version = name ?? `router@${/^v?(\d+)$/.exec(basename(folder))?.[1] ?? digest}`;
      this.trained = { model, version, identity: `${version} ${digest}` };
    } else this.trained = undefined;
  }

  first({ masters, revision }: Picture): Panel {
    return rulePanel({
      masters: profilesOf(masters),
      version: `registry@${revision}`,
      sure: this.options.sure,
      reason: this.options.missing() ?? 'the examples are still being read',
    });
  }

  withdrawn({ version }: Panel): boolean {
    return version === this.withdrawnVersion;
  }

  async adapt(picture: Picture): Promise<Panel | undefined> {
    const base = this.trained ?? this.built;
    return base && (await this.panelOf(base, picture));
  }

  async build(picture: Picture, signal: AbortSignal, onReady: (panel: Panel) => void): Promise<void> {
    const masters = profilesOf(picture.masters);
    const encoder = this.options.encoder();
    const phases: Phase[] = [];
    if (!this.trained && masters.length > 0) {
      if (!encoder || (exampleCount(masters) > WORDS_FIRST && !this.built)) phases.push('words');
      if (encoder) phases.push('full');
    }
    try {
      for (const phase of phases) {
        const identity = buildIdentity(masters, phase, encoder?.encoder.id ?? '');
        const model =
          this.built?.identity === identity ? this.built.model : await this.make(phase, masters, identity, signal);
        signal.throwIfAborted();
        this.built = { model, version: `registry@${picture.revision}`, identity };
        onReady(await this.panelOf(this.built, picture));
      }
    } finally {
      if (!signal.aborted) this.options.onReading(undefined);
    }
  }

  /** Built by another process, or found built. */
  private async make(
    phase: Phase,
    masters: MasterProfile[],
    identity: string,
    signal: AbortSignal,
  ): Promise<RouterModel> {
    const { cacheFolder, onReading } = this.options;
    const out = join(cacheFolder, 'routers', identity);
    const encoder = phase === 'full' ? this.options.encoder()?.folder : undefined;
    const examples = `still reading ${exampleCount(masters).toLocaleString('en-US')} examples`;
    if (this.options.encoder()) onReading(examples);
    const order = {
      phase,
      masters,
      out,
      vectors: join(cacheFolder, 'vectors'),
      ...(encoder === undefined ? {} : { encoder }),
    };
    const make = () =>
      build(order, { signal, onReading: (share) => onReading(`${examples}, ${Math.round(share * 100)} % done`) });
    await make();
    try {
      return await loadRouter(out);
    } catch (error) {
      // Kept by an older Cortex, or damaged since: what can be made again is made again.
      this.options.log.warn('a router from the cache is refused and built anew', { reason: String(error) });
      await rm(out, { recursive: true, force: true });
      await make();
      return loadRouter(out);
    }
  }

  /** The model made to fit the registry as it is, with the encoder as it is. */
  private async panelOf(base: Candidate, { masters }: Picture): Promise<Panel> {
    const profiles = profilesOf(masters);
    const { model, reason } = this.withEncoder(base.model);
    const digest = createHash('sha256').update(JSON.stringify(profiles)).digest('base64url').slice(0, 16);
    const panel = modelPanel({
      model: await model.withMasters(profiles),
      masters: profiles,
      version: base.version,
      identity: `${base.identity} ${digest}`,
      ...(reason === undefined ? {} : { reason }),
    });
    return this.options.through?.(panel) ?? panel;
  }

  private withEncoder({ state, voices, profiles }: RouterModel): { model: RouterModel; reason?: string } {
    const here = this.options.encoder()?.encoder;
    if (!state.encoder) {
      const reason = this.options.missing() ?? 'the examples are still being read';
      return { model: RouterModel.assemble(state, voices, profiles), reason };
    }
    if (here?.id === state.encoder.id) return { model: RouterModel.assemble(state, voices, profiles, here) };
    const reason = here
      ? `this router was trained with the encoder ${state.encoder.id}, here is ${here.id}`
      : (this.options.missing() ?? 'it is not there');
    return { model: RouterModel.assemble(state, voices, profiles), reason };
  }
}
