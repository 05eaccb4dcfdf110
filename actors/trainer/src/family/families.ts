// What can be trained, by the names people use for it.
// The one thing to know: success, minutes, tokens and complexity are one predictor: they share its features and are trained together.
// What learns from tasks is trained when tasks were settled or drift; `anomaly` learns from the telemetry that the recorder kept.

export const TASK_FAMILIES = ['router', 'predictor'] as const;
/** An adapter of the encoder is trained only when somebody asks. */
export const TRAINED_FAMILIES = [...TASK_FAMILIES, 'anomaly', 'encoder'] as const;
export type TrainedFamily = (typeof TRAINED_FAMILIES)[number];

/** Every name that may be asked for, and what is trained for it. */
const ASKED: Readonly<Record<string, TrainedFamily>> = {
  router: 'router',
  predictor: 'predictor',
  success: 'predictor',
  minutes: 'predictor',
  tokens: 'predictor',
  complexity: 'predictor',
  anomaly: 'anomaly',
  encoder: 'encoder',
};

/** Learned where they are used, from what was just seen: there is no version of them to train, try out and promote. */
const LEARNED_LIVE: Readonly<Record<string, string>> = {
  forecast: 'the watchdog learns arrivals from the log while it runs',
};

export class NotTrainable extends Error {
  override readonly name = 'NotTrainable';
  constructor(readonly family: string) {
    const why = LEARNED_LIVE[family];
    super(
      `"${family}" cannot be trained${why ? `: ${why}` : ''}; what can is ${Object.keys(ASKED).join(', ')} (success to complexity belong to predictor)`,
    );
  }
}

/** @throws NotTrainable naming what is. */
export function trainedFamily(asked: string): TrainedFamily {
  const family = Object.hasOwn(ASKED, asked) ? ASKED[asked] : undefined;
  if (!family) throw new NotTrainable(asked);
  return family;
}
