// Who may say and hear what: one row a role, from what each takes and gives. The one thing to know: only the provisioner and the operator may
// create or delete streams; everybody has a private inbox, and only those who answer asks may publish into the askers' inboxes.
import { CONSUMER_TABLE } from '@cortex/bus';
import { type BucketName, PRIORITIES, type StreamName, type Subjects } from '@cortex/schemas';

export interface Permissions {
  readonly publish: string[];
  readonly subscribe: string[];
}

export const ROLES = [
  'operator',
  'provisioner',
  'coordinator',
  'router',
  'predictor',
  'recorder',
  'trainer',
  'deployer',
  'watchdog',
  'librarian',
  'dashboard',
  'worker',
  'publisher',
] as const;
export type Role = (typeof ROLES)[number];

interface Row {
  /** What it is for, in words. */
  readonly about: string;
  /** Subjects it may publish on. */
  readonly gives: (s: Subjects, master?: string) => string[];
  /** Streams it reads as a whole, with consumers of its own that vanish with it. */
  readonly follows?: readonly StreamName[];
  /** Buckets it writes. All may read all. */
  readonly writes?: readonly BucketName[];
  /** Roles whose asks it answers. */
  readonly answers?: readonly string[];
  /** Further subjects of the server's interface. */
  readonly api?: (s: Subjects, master?: string) => string[];
}

const TABLE: Record<Exclude<Role, 'operator' | 'provisioner'>, Row> = {
  coordinator: {
    about: 'decides and settles; the only one that writes the log',
    gives: (s) => [s.logAll, s.timers, s.reviewsRequested, s.ask('router'), s.ask('predictor'), s.deadAll],
    // A new master's work consumers are made where its first task is decided.
    api: (s) => [
      `$JS.API.CONSUMER.CREATE.${s.stream('LOG')}.>`,
      `$JS.API.CONSUMER.DURABLE.CREATE.${s.stream('LOG')}.*`,
      ...(['TASKS', 'OUTCOMES', 'REVIEWS', 'TIMERS', 'LOG', 'JOBS'] as const).map(
        (n) => `$JS.API.STREAM.PURGE.${s.stream(n)}`,
      ),
    ],
  },
  router: {
    about: 'answers asks for a master',
    gives: () => [],
    // What the masters did lately, for a network that learned from it.
    follows: ['LOG'],
    answers: ['coordinator', 'cli'],
  },
  predictor: { about: 'answers asks for a prediction', gives: () => [], answers: ['coordinator', 'cli'] },
  recorder: { about: 'keeps what happened', gives: (s) => [s.deadAll] },
  trainer: {
    about: 'makes models',
    gives: (s) => [s.modelEvents, s.actions, s.jobs, s.deadAll],
    follows: ['LOG', 'JOBS'],
    writes: ['models', 'trials'],
  },
  deployer: {
    about: 'tries, promotes and rolls back models',
    gives: (s) => [s.modelEvents, s.actions, s.alerts, s.reviewsRequested, s.jobs, s.deadAll],
    follows: ['LOG', 'MODELS'],
    writes: ['models', 'trials'],
  },
  watchdog: {
    about: 'sees faults and mends',
    gives: (s) => [s.alerts, s.actions, s.forecasts, s.reviews, s.outcomes, s.cancel, `${s.prefix}.control.>`],
    follows: ['LOG', 'REVIEWS', 'TELEMETRY'],
    writes: ['watch', 'masters', 'models', 'settings'],
  },
  librarian: {
    about: 'finds what a task needs',
    gives: (s) => [s.deadAll],
    answers: ['coordinator', 'worker', 'cli', 'dashboard', 'watchdog'],
    follows: ['LOG'],
  },
  dashboard: {
    about: 'shows everything, acts for people',
    gives: (s) => [
      s.actions,
      s.reviewsAnswered,
      s.outcomes,
      s.submit,
      s.cancel,
      s.modelEvents,
      s.ask('librarian'),
      s.deadAll,
      `${s.prefix}.control.>`,
      `${s.prefix}.spans-call`,
    ],
    follows: ['LOG', 'REVIEWS', 'ALERTS', 'ACTIONS', 'DEAD', 'TELEMETRY', 'MODELS'],
    writes: ['masters', 'settings', 'models', 'prompts'],
  },
  worker: {
    about: 'does tasks',
    gives: (s, master) => [
      master === undefined ? s.outcomes : s.outcome(master),
      s.telemetryAll,
      s.ask('librarian'),
      s.submit,
      // Its questions to people; their answers come by the stream.
      s.reviewsRequested,
      s.deadAll,
      ...['promote', 'withdraw', 'propose'].map((verb) => s.action(`${verb}-prompt`)),
    ],
    follows: ['REVIEWS'],
    writes: ['memory', 'prompts'],
    api: (s, master) => {
      const work = master === undefined ? ['*'] : PRIORITIES.map((priority) => s.workConsumer(master, priority));
      return work.flatMap((consumer) => [
        `$JS.API.CONSUMER.MSG.NEXT.${s.stream('LOG')}.${consumer}`,
        `$JS.ACK.${s.stream('LOG')}.${consumer}.>`,
      ]);
    },
  },
  publisher: { about: 'submits and cancels tasks, and watches', gives: (s) => [s.submit, s.cancel] },
};

export function aboutRole(role: Role): string {
  if (role === 'operator') return 'a person who runs the system: everything';
  if (role === 'provisioner') return 'creates streams, consumers and buckets';
  return TABLE[role].about;
}

/**
 * @param buckets names of all KV buckets
 * @param master for a worker: of this master alone
 */
export function permissionsOf(role: Role, s: Subjects, buckets: readonly BucketName[], master?: string): Permissions {
  const inbox = `_INBOX_${role}.>`;
  if (role === 'operator') return { publish: ['>'], subscribe: ['>'] };
  const presence = [`${s.prefix}.presence.>`, s.presenceCall, `${s.prefix}.spans.>`];
  const hears = [inbox, `${s.prefix}.live.>`, ...presence, '$SRV.>', `${s.prefix}.spans-call`, `${s.prefix}.control.>`];
  if (role === 'provisioner')
    return { publish: ['$JS.API.>', '$KV.>', ...presence], subscribe: [inbox, '_INBOX_up.>', '_INBOX_cli.>'] };
  const row = TABLE[role];
  const kv = buckets.map((name) => `KV_${s.bucket(name)}`);
  const models = `OBJ_${s.bucket('models')}`;
  const readable = [...kv, models, ...(row.follows ?? []).map((name) => s.stream(name))];
  const consumers = CONSUMER_TABLE.filter(
    (c) =>
      c.name === role ||
      c.name.startsWith(`${role}-`) ||
      (role === 'trainer' && c.name === 'trials') ||
      (role === 'coordinator' && c.name === 'compactor'),
  );
  const publish = [
    ...row.gives(s, master),
    ...presence,
    '$JS.API.INFO',
    '$JS.API.STREAM.INFO.*',
    '$JS.API.STREAM.NAMES',
    '$JS.API.CONSUMER.INFO.*.*',
    '$JS.API.CONSUMER.LIST.*',
    '$JS.API.CONSUMER.NAMES.*',
    '$JS.API.STREAM.MSG.GET.*',
    '$JS.API.DIRECT.GET.>',
    '$JS.FC.>',
    ...readable.flatMap((stream) => [
      `$JS.API.CONSUMER.CREATE.${stream}`,
      `$JS.API.CONSUMER.CREATE.${stream}.>`,
      `$JS.API.CONSUMER.DELETE.${stream}.*`,
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.*`,
      `$JS.ACK.${stream}.>`,
    ]),
    ...consumers.flatMap((c) => [
      `$JS.API.CONSUMER.MSG.NEXT.${s.stream(c.stream)}.${c.name}`,
      `$JS.ACK.${s.stream(c.stream)}.${c.name}.>`,
    ]),
    ...(row.writes ?? []).map((name) => `$KV.${s.bucket(name)}.>`),
    ...(row.writes?.includes('models') ? [`$O.${s.bucket('models')}.>`] : []),
    ...(row.answers ?? []).map((asker) => `_INBOX_${asker}.>`),
    ...(row.api?.(s, master) ?? []),
  ];
  const subscribe =
    role === 'publisher'
      ? [inbox, '_INBOX_cli.>', `${s.prefix}.live.>`, ...presence]
      : [...hears, ...hearsMore(role, s)];
  return { publish: [...new Set(publish)], subscribe: [...new Set(subscribe)] };
}

/** Plain subscriptions beside the consumers: what is only worth hearing while it happens. */
function hearsMore(role: Role, s: Subjects): string[] {
  if (role === 'watchdog') return [s.telemetryAll, s.outcomes, s.submit, s.forecasts];
  if (role === 'predictor') return [s.telemetryAll];
  if (role === 'dashboard') return [s.telemetryAll, s.alerts, s.actions, s.reviews, s.modelEvents, s.deadAll];
  return [];
}

/** Whether a subject fits a permission with `*` and `>`. */
export function fits(permission: string, subject: string): boolean {
  const want = permission.split('.');
  const have = subject.split('.');
  for (const [i, token] of want.entries()) {
    if (token === '>') return have.length > i;
    if (i >= have.length || (token !== '*' && token !== have[i])) return false;
  }
  return want.length === have.length;
}
