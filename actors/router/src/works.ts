// Where panels come from: rules on the spot, a trained model from its folder, else a model built from the registry, first of
// words, then with the encoder. The one thing to know: every step serves until the next one is ready.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
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
  readonly earlyExit: boolean;
  readonly sure: number;
  readonly log: Logger;
  /** The encoder and its folder, while it can be used. */
  readonly encoder: () => { encoder: Encoder; folder: string } | undefined;
  /** Why there is no encoder. */
  readonly missing: () => string | undefined;
  /** What is still being read with the encoder; undefined when nothing is. */
  readonly onReading: (what: string | undefined) => void;
}

/** From so many examples on, words serve first while the encoder still reads. */
const WORDS_FIRST = 200;
/** Characters of a newcomer's examples that are added to what it says of itself. */
const EXAMPLES_READ = 800;

export class RouterWorks implements PanelWorks {
  private trained: Candidate | undefined;
  private built: Candidate | undefined;

  constructor(private readonly options: WorksOptions) {}

  /** A trained model takes over, or (undefined) gives way to the registry. */
  setTrained(model: RouterModel | undefined, version: string): void {
    this.trained = model && {
      model,
      version,
      identity: `${version} ${model.state.data.fingerprint} ${model.state.trained_at}`,
    };
  }

  first({ masters, revision }: Picture): Panel {
    return rulePanel({
      masters: profilesOf(masters),
      version: `registry@${revision}`,
      sure: this.options.sure,
      reason: this.options.missing() ?? 'the examples are still being read',
    });
  }

  async adapt(picture: Picture): Promise<Panel | undefined> {
    const base = this.trained ?? this.built;
    return base && (await this.panelOf(base, picture));
  }

  async build(picture: Picture, signal: AbortSignal, onReady: (panel: Panel) => void): Promise<void> {
    if (this.trained) return;
    const masters = profilesOf(picture.masters);
    const examples = exampleCount(masters);
    const encoder = this.options.encoder();
    const phases: Phase[] = [];
    if (!encoder || (examples > WORDS_FIRST && !this.built)) phases.push('words');
    if (encoder) phases.push('full');
    for (const phase of phases) {
      const identity = buildIdentity(masters, phase, encoder?.encoder.id ?? '');
      const out = join(this.options.cacheFolder, 'routers', identity);
      if (this.built?.identity !== identity) {
        if (phase === 'full') this.options.onReading(`still reading ${amount(examples)}`);
        try {
          await build(
            {
              phase,
              masters,
              out,
              vectors: join(this.options.cacheFolder, 'vectors'),
              ...(phase === 'full' && encoder ? { encoder: encoder.folder } : {}),
            },
            {
              signal,
              onReading: (share) =>
                this.options.onReading(`still reading ${amount(examples)}, ${Math.round(share * 100)} % done`),
            },
          );
          const model = await loadRouter(out);
          if (signal.aborted) return;
          this.built = { model, version: `registry@${picture.revision}`, identity };
        } finally {
          if (!signal.aborted) this.options.onReading(undefined);
        }
      }
      if (this.built) onReady(await this.panelOf({ ...this.built, version: `registry@${picture.revision}` }, picture));
    }
  }

  /** The model made to fit the registry as it is, with the encoder as it is. */
  private async panelOf(base: Candidate, { masters }: Picture): Promise<Panel> {
    const { earlyExit } = this.options;
    const profiles = profilesOf(masters);
    const { model, reason } = this.withEncoder(base.model);
    const trained = new Set(model.state.labels);
    const known = profiles.map((profile) => (trained.has(profile.name) ? profile : introduced(profile)));
    const digest = createHash('sha256').update(JSON.stringify(profiles)).digest('base64url').slice(0, 16);
    return modelPanel({
      model: await model.withMasters(known),
      masters: profiles,
      version: base.version,
      identity: `${base.identity} ${digest}`,
      earlyExit,
      ...(reason === undefined ? {} : { reason }),
    });
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

/** A master that no model has learnt about: its first examples say what it is for, beside its description. */
function introduced(profile: MasterProfile): MasterProfile {
  const examples = (profile.examples ?? []).join('. ').slice(0, EXAMPLES_READ);
  return examples === '' ? profile : { ...profile, description: `${profile.description ?? ''} ${examples}`.trim() };
}

const amount = (examples: number) => `${examples.toLocaleString('en-US')} examples`;
