// What the dashboard's server and its pages say to each other: types alone, so that a page cannot guess at a field.
import type {
  Action,
  Alert,
  DeadLetter,
  LogRecord,
  Master,
  Presence,
  Priority,
  ReviewAnswer,
  ReviewRequest,
} from '@cortex/schemas';

export type Role = 'operator' | 'reader';
export type BusWord = 'connected' | 'reconnecting' | 'closed';

/** One task in the list: what the last records of its key say, text cut. */
export interface TaskRow {
  readonly id: string;
  readonly text: string;
  /** Where it stands: the end it came to, else its last step. */
  readonly state: string;
  readonly master: string;
  readonly confidence: number | null;
  readonly method: string;
  readonly priority: Priority;
  /** First and last record seen, milliseconds since the epoch. */
  readonly since: number;
  readonly at: number;
  readonly latency_ms: number | null;
  /** A person is (or was) asked. */
  readonly review: boolean;
  readonly success: boolean | null;
  readonly tokens: number | null;
  readonly cost_usd: number | null;
  readonly minutes: number | null;
  /** Where it should have gone, when somebody said so. */
  readonly corrected: string | null;
  /** The best other master and its probability. */
  readonly runner: readonly [string, number] | null;
  readonly arm: string;
  readonly source: string | null;
}

export interface SpanRow {
  readonly trace: string;
  readonly span: string;
  readonly parent?: string;
  readonly name: string;
  readonly service: string;
  readonly kind: string;
  /** Milliseconds since the epoch, with fractions. */
  readonly start: number;
  readonly ms: number;
  readonly error?: string;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

export interface TaskLife {
  readonly id: string;
  readonly state: string;
  readonly text: string | null;
  readonly records: readonly LogRecord[];
  /** The decision in force with all its votes. */
  readonly decision: LogRecord['decision'] | null;
  readonly what_if: readonly string[];
  readonly spans: readonly SpanRow[];
  /** Where this trace is shown elsewhere; null when no such place is set. */
  readonly trace_link: string | null;
  readonly review: Question | null;
}

export interface Question {
  readonly request: ReviewRequest;
  readonly answer?: ReviewAnswer;
}

/** A second of the past. */
export interface Second {
  /** Seconds since the epoch. */
  readonly at: number;
  readonly decided: number;
  readonly settled: number;
  readonly failed: number;
  /** Asked of a person instead of decided. */
  readonly unsure: number;
  readonly p50: number | null;
  readonly p99: number | null;
}

export interface Figures {
  readonly decided: number;
  readonly settled: number;
  readonly succeeded: number;
  readonly unsure: number;
  readonly corrected: number;
  readonly tokens: number;
  readonly cost_usd: number;
  readonly p50: number | null;
  readonly p99: number | null;
  /** Share of decisions within 100 ms; null without any. */
  readonly within: number | null;
}

export interface MasterFlow {
  readonly master: string;
  readonly status: string;
  readonly waiting: number;
  readonly in_hand: number;
  readonly workers: number;
  readonly decided: number;
  readonly settled: number;
}

export interface ActorRow {
  readonly actor: string;
  readonly instance: string;
  readonly state: Presence['state'];
  readonly detail?: string;
  /** Work in hand, by part, from `$SRV.STATS`. */
  readonly stats?: Readonly<Record<string, number>>;
  readonly started?: string;
}

/** Something that is not as it should be, and what it means. */
export interface Ailment {
  readonly what: string;
  readonly means: string;
  readonly severity: 'warning' | 'critical';
}

export interface Now {
  readonly at: number;
  readonly bus: BusWord;
  /** The last minute, and the last ten. */
  readonly minute: Figures;
  readonly ten: Figures;
  readonly seconds: readonly Second[];
  readonly inlet: { readonly waiting: number; readonly in_hand: number };
  readonly asks: Readonly<Record<string, number>>;
  readonly masters: readonly MasterFlow[];
  readonly actors: readonly ActorRow[];
  readonly ailments: readonly Ailment[];
  readonly alerts: readonly Alert[];
  readonly open_reviews: number;
  readonly open_alerts: number;
  readonly dead: number;
  readonly tasks_in_view: number;
}

export interface WorkerRow {
  readonly worker: string;
  readonly master: string;
  readonly at: string;
  readonly status: string;
  readonly task?: string;
  readonly gauges: Readonly<Record<string, number>>;
}

export interface MasterReport {
  readonly master: Master;
  readonly flow: MasterFlow | null;
  readonly figures: {
    readonly tasks: number;
    readonly open: number;
    readonly settled: number;
    readonly succeeded: number;
    /** Decided for it, but said to belong elsewhere. */
    readonly taken_away: number;
    /** Decided for others, but said to belong here. */
    readonly missed: number;
    readonly mean_confidence: number | null;
  };
  /** Of decisions at about this confidence, how many were right; only where it is known which was. */
  readonly calibration: readonly { readonly confidence: number; readonly right: number; readonly of: number }[];
  readonly examples: readonly TaskRow[];
  readonly workers: readonly WorkerRow[];
}

export interface Overlap {
  readonly a: string;
  readonly b: string;
  /** Decisions for one of the two where the other was within 20 points. */
  readonly close: number;
  /** Corrections from one to the other. */
  readonly corrected: number;
  readonly of: number;
}

export interface MastersAnswer {
  readonly masters: readonly MasterReport[];
  readonly overlaps: readonly Overlap[];
}

export type LetterRow = Pick<
  DeadLetter,
  'id' | 'stream' | 'subject' | 'reason' | 'error' | 'attempts' | 'at' | 'by' | 'trace_id' | 'truncated'
> & {
  /** Its place in the stream of dead letters. */
  readonly place: number;
};
export interface LetterWhole {
  readonly letter: DeadLetter;
  readonly text: string | null;
}

/** The last word about an alert. */
export type AlertRow = Alert;

export interface Intervention {
  readonly action: Action;
  readonly undo: string | null;
}

export interface Hello {
  readonly role: Role;
  readonly by: string;
  readonly version: string;
  readonly prefix: string;
  readonly servers: string;
  readonly bus: BusWord;
}

/** What comes over the event stream, by event name. */
export interface LiveEvents {
  readonly hello: Hello;
  readonly now: Now;
  readonly tasks: readonly TaskRow[];
  /** Topics whose lists are out of date. */
  readonly changed: readonly Topic[];
  readonly bus: { readonly state: BusWord };
}

export const TOPICS = ['masters', 'reviews', 'alerts', 'actions', 'dead', 'models', 'prompts', 'trials'] as const;
export type Topic = (typeof TOPICS)[number];

/** One sequential test of a trial: logarithm of the evidence, and how much proves it. */
export interface TestRow {
  readonly name: string;
  readonly rows: number;
  readonly evidence: number;
  readonly needed: number;
  /** True when being proven ends the trial. */
  readonly harm: boolean;
}

export interface TrialRow {
  readonly phase: string;
  readonly champion: string | null;
  readonly candidate: string | null;
  readonly since: number;
  readonly units: number;
  readonly disagreements: number;
  readonly wins: number;
  readonly losses: number;
  /** Estimated gain in accuracy, challenger minus champion; null before the first row. */
  readonly gain: number | null;
  readonly tests: readonly TestRow[];
  /** Tasks judged, evidence for better and for worse, as this dashboard saw it grow. */
  readonly path: readonly (readonly [number, number, number])[];
  readonly needed: { readonly better: number; readonly worse: number };
  /** Parts of the traffic that are compared on their own: gain there and rows. */
  readonly slices: readonly { readonly name: string; readonly rows: number; readonly gain: number | null }[];
  readonly asking: string | null;
  readonly waiting: string | null;
  readonly past: readonly {
    readonly candidate: string;
    readonly ended: string;
    readonly reason: string;
    readonly at: number;
  }[];
  /** Failure rate of the champion: now and as it was, over all and by master. */
  readonly drift: readonly {
    readonly name: string;
    readonly units: number;
    readonly recent: number | null;
    readonly baseline: number | null;
    readonly alarmed: boolean;
  }[];
}

export interface VersionRow {
  readonly name: string;
  readonly created_at: string;
  readonly by: string;
  readonly rows: number | null;
  readonly bytes: number;
  readonly parent: string | null;
  readonly metrics: Readonly<Record<string, number | null>>;
  /** How its training went: pairs of epoch and value, by name; empty where nothing was kept. */
  readonly curves: Readonly<Record<string, readonly (readonly [number, number])[]>>;
  readonly uses: readonly string[];
  readonly hardware: string | null;
  readonly key_id: string;
}

export interface FamilyReport {
  readonly family: string;
  readonly champion: string | null;
  readonly challenger: string | null;
  readonly shadow: string | null;
  readonly share: number;
  readonly frozen: boolean;
  /** What a roll-back would bring back; null when nothing. */
  readonly previous: string | null;
  readonly versions: readonly VersionRow[];
  readonly history: readonly {
    readonly at: string;
    readonly event: string;
    readonly by: string;
    readonly reason: string;
    readonly version: string | null;
  }[];
  readonly trial: TrialRow | null;
}

export interface ModelsAnswer {
  /** Why there is nothing to show; null when there is. */
  readonly absent: string | null;
  readonly families: readonly FamilyReport[];
  /** Of all tasks in view, by the arm that decided. */
  readonly calibration: Readonly<Record<string, MasterReport['calibration']>>;
  readonly confusion: { readonly masters: readonly string[]; readonly counts: readonly (readonly number[])[] };
}

export interface PromptArm {
  readonly version: number;
  readonly tasks: number;
  readonly succeeded: number;
  readonly rate: number | null;
  readonly low: number;
  readonly high: number;
  readonly tokens: number | null;
}

export interface PromptReport {
  readonly name: string;
  readonly latest: number;
  readonly production: number | null;
  readonly candidate: { readonly version: number; readonly share: number; readonly since: string } | null;
  readonly task_types: readonly string[];
  readonly versions: readonly {
    readonly version: number;
    readonly by: string;
    readonly at: string;
    readonly changelog: string;
    readonly system: string;
    readonly user: string;
    readonly rules: readonly string[];
  }[];
  readonly judgement: {
    readonly verdict: string;
    readonly better: number;
    readonly worse: number;
    readonly needed: number;
    readonly why: string;
    readonly production: PromptArm;
    readonly candidate: PromptArm;
  } | null;
  readonly history: readonly {
    readonly at: string;
    readonly by: string;
    readonly event: string;
    readonly version: number;
    readonly reason?: string | undefined;
  }[];
}

export interface PromptsAnswer {
  readonly absent: string | null;
  readonly prompts: readonly PromptReport[];
}

export interface Passage {
  readonly collection: string;
  readonly source: string;
  readonly title: string;
  readonly repository: string | null;
  readonly lines: readonly [number, number] | null;
  readonly symbol: string | null;
  readonly trust: string;
  readonly score: number;
  readonly why: string;
  readonly text: string;
}

export interface LibraryAnswer {
  readonly absent: string | null;
  readonly collections: Readonly<Record<string, number>>;
  readonly store: string | null;
}

export interface SearchResult {
  readonly hits: readonly Passage[];
  readonly explanation: readonly string[];
  readonly ms: number;
}
