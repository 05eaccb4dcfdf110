// The Grafana boards as data: what each panel asks Prometheus, in a few words. `node ops/grafana/boards.mjs` writes boards/*.json from it; a test
// runs every expression against a real Prometheus that scraped a real system, and is red when one is empty.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Grafana puts a window here that holds at least four scrapes. */
const W = '[$__rate_interval]';
const p = (q, metric, by = '') =>
  `histogram_quantile(${q}, sum by (le${by && `, ${by}`}) (rate(${metric}_bucket${W})))`;
const ratio = (part, whole) => `${part} / ${whole}`;

const stat = (title, unit, expr, about) => ({ type: 'stat', title, unit, about, series: [[expr, '']] });
const lines = (title, unit, about, ...series) => ({ type: 'timeseries', title, unit, about, series });
const bars = (title, unit, expr, legend, about) => ({ type: 'bargauge', title, unit, about, series: [[expr, legend]] });

const SUCCEEDED = 'sum(increase(cortex_outcomes_total{success="true"}[1h]))';
const ENDED = 'sum(increase(cortex_outcomes_total{success=~"true|false"}[1h]))';
const JUDGED = 'sum(increase(cortex_routing_judged_total[1d]))';
const SERVES = 'cortex_actor_state{state=~"ready|degraded"}';

/** Precision, recall and F1 of one class, over a day, by `by`. */
const precision = (by) =>
  `sum by (${by}) (increase(cortex_routing_judged_total{right="true"}[1d])) / sum by (${by}) (increase(cortex_routing_judged_total[1d]))`;
const recall = (by) =>
  `sum by (${by}) (increase(cortex_routing_judged_total{right="true"}[1d])) / (sum by (${by}) (increase(cortex_routing_judged_total{right="true"}[1d])) + (sum by (${by}) (increase(cortex_routing_missed_total[1d])) or sum by (${by}) (increase(cortex_routing_judged_total[1d])) * 0))`;
const hits = 'sum(increase(cortex_prediction_success_total{predicted="yes",actual="yes"}[1d]))';

export const BOARDS = {
  overview: {
    title: 'Cortex: overview',
    panels: [
      stat('Decisions', 'reqps', `sum(rate(cortex_decisions_total${W}))`, 'Tasks decided each second.'),
      stat('Decision time p50', 's', p(0.5, 'cortex_decision_duration_seconds'), 'From the stream to the log.'),
      stat('Decision time p99', 's', p(0.99, 'cortex_decision_duration_seconds'), 'The slowest hundredth.'),
      stat('Waiting work', 'short', 'sum(max by (master, priority) (cortex_work_waiting))', 'Decided, not taken yet.'),
      stat('Success, last hour', 'percentunit', ratio(SUCCEEDED, ENDED), 'Of the tasks that were done.'),
      stat(
        'Routed right, last day',
        'percentunit',
        ratio('sum(increase(cortex_routing_judged_total{right="true"}[1d]))', JUDGED),
        'Of the decisions of which it became known. docs/telemetry.md says how to read it.',
      ),
      stat(
        'Given up, last hour',
        'short',
        'sum(increase(cortex_dead_letters_total[1h]))',
        'Messages in DEAD: `cortex dead list` says why.',
      ),
      stat(
        'People asked, last hour',
        'percentunit',
        ratio(
          'sum(increase(cortex_reviews_total{event="requested"}[1h]))',
          'sum(increase(cortex_decisions_total[1h]))',
        ),
        'Share of the decisions for which nobody was sure enough.',
      ),
      lines('Outcomes', 'reqps', 'Settled tasks each second, by status.', [
        `sum by (status) (rate(cortex_outcomes_total${W}))`,
        '{{status}}',
      ]),
      lines(
        'Time to completion',
        's',
        'From decision to settlement.',
        [p(0.5, 'cortex_task_duration_seconds'), 'p50'],
        [p(0.9, 'cortex_task_duration_seconds'), 'p90'],
      ),
      lines('Open alerts', 'short', '`cortex alerts` lists them.', [
        'max by (severity) (cortex_alerts_open)',
        '{{severity}}',
      ]),
      lines('Cost', 'currencyUSD', 'Money a minute that outcomes report, by master.', [
        `60 * sum by (master) (rate(cortex_task_cost_USD_total${W}))`,
        '{{master}}',
      ]),
      lines('Tokens per success', 'short', 'What a task that succeeded took, failures included.', [
        'sum(increase(cortex_task_tokens_total[1h])) / sum(increase(cortex_outcomes_total{success="true"}[1h]))',
        '',
      ]),
      lines('Uptime of actors', 'percentunit', 'Share of the last day in which an actor served.', [
        `max by (actor) (avg_over_time(cortex_actor_state{state="ready"}[1d]) + ignoring(state) avg_over_time(cortex_actor_state{state="degraded"}[1d]))`,
        '{{actor}}',
      ]),
    ],
  },
  routing: {
    title: 'Cortex: routing',
    panels: [
      lines('Decisions by master', 'reqps', '', [`sum by (master) (rate(cortex_decisions_total${W}))`, '{{master}}']),
      lines('Decisions by method', 'reqps', '', [`sum by (method) (rate(cortex_decisions_total${W}))`, '{{method}}']),
      lines('Where the router was sure', 'reqps', 'Stage of the cascade at which an answer left.', [
        `sum by (exit) (rate(cortex_router_answers_total${W}))`,
        '{{exit}}',
      ]),
      lines(
        'Decision time',
        's',
        'From the task reaching its stream to the decision in the log.',
        [p(0.5, 'cortex_decision_duration_seconds'), 'p50'],
        [p(0.9, 'cortex_decision_duration_seconds'), 'p90'],
        [p(0.99, 'cortex_decision_duration_seconds'), 'p99'],
      ),
      lines('Time of each voice, p95', 's', '', [p(0.95, 'cortex_expert_duration_seconds', 'expert'), '{{expert}}']),
      lines('Asks, p95', 's', 'Ask to answer, by actor asked.', [
        p(0.95, 'cortex_ask_duration_seconds', 'actor, result'),
        '{{actor}} {{result}}',
      ]),
      bars(
        'A voice agrees with the decision',
        'percentunit',
        'sum by (expert) (increase(cortex_expert_votes_total{vote="agreed"}[1h])) / sum by (expert) (increase(cortex_expert_votes_total[1h]))',
        '{{expert}}',
        'Share of its votes, abstentions included.',
      ),
      bars(
        'Precision by master',
        'percentunit',
        precision('master'),
        '{{master}}',
        'Of what was sent there, what belonged there.',
      ),
      bars(
        'Recall by master',
        'percentunit',
        recall('master'),
        '{{master}}',
        'Of what belonged there, what was sent there.',
      ),
      bars(
        'Confusions, last day',
        'short',
        'sum by (decided, correct) (increase(cortex_routing_confusions_total[1d]))',
        '{{decided}} instead of {{correct}}',
        'Where tasks went, and where people say they belonged.',
      ),
      bars(
        'Reliability',
        'percentunit',
        'sum by (bin) (increase(cortex_routing_calibration_total{right="true"}[1d])) / sum by (bin) (increase(cortex_routing_calibration_total[1d]))',
        'confidence from {{bin}}',
        'Share that was right, by tenth of the confidence: of decisions at 0.9, nine in ten should be.',
      ),
      stat(
        'Calibration error, last day',
        'percentunit',
        `sum(abs(sum by (bin) (increase(cortex_routing_claimed_total[1d])) - (sum by (bin) (increase(cortex_routing_calibration_total{right="true"}[1d])) or sum by (bin) (increase(cortex_routing_claimed_total[1d])) * 0))) / sum(increase(cortex_routing_calibration_total[1d]))`,
        'Expected calibration error over ten bins.',
      ),
      lines('Masters in the conformal set', 'short', 'Mean size: 1 is sure.', [
        `sum(rate(cortex_decision_candidates_sum${W})) / sum(rate(cortex_decision_candidates_count${W}))`,
        '',
      ]),
      lines('Confidence, median', 'percentunit', '', [p(0.5, 'cortex_decision_confidence', 'method'), '{{method}}']),
    ],
  },
  models: {
    title: 'Cortex: models',
    panels: [
      bars('Version that serves', 'short', 'max by (family, alias) (cortex_model_version)', '{{family}} {{alias}}', ''),
      bars(
        'Age',
        's',
        'max by (family, alias) (cortex_model_age_seconds)',
        '{{family}} {{alias}}',
        'Freshness of what serves.',
      ),
      bars(
        'Figures of the evaluation',
        'short',
        'max by (family, alias, figure) (cortex_model_figure)',
        '{{family}} {{alias}} {{figure}}',
        'As measured when it was trained.',
      ),
      lines('Failures of the champion', 'percentunit', 'Apart from each other: the world or the model drifted.', [
        'max by (family, when) (cortex_model_failures)',
        '{{family}} {{when}}',
      ]),
      bars(
        'Phase of the trial',
        'short',
        'max by (family, phase) (cortex_trial_phase) > 0',
        '{{family}} {{phase}}',
        '',
      ),
      lines('Judged tasks of the trial', 'short', '', [
        'max by (family, arm) (cortex_trial_units)',
        '{{family}} {{arm}}',
      ]),
      lines('Reward by arm', 'short', '', ['max by (family, arm) (cortex_trial_reward)', '{{family}} {{arm}}']),
      lines('Gain of the challenger', 'percentunit', 'Estimated from tasks on which both spoke.', [
        'max by (family) (cortex_trial_gain)',
        '{{family}}',
      ]),
      lines('Evidence', 'short', 'Natural logarithm: 3.0 is 20 to 1, 4.6 is 100 to 1.', [
        'max by (family, that) (cortex_trial_evidence)',
        '{{family}} {{that}}',
      ]),
      bars(
        'What happened, last day',
        'short',
        'sum by (family, event) (increase(cortex_model_events_total[1d]))',
        '{{family}} {{event}}',
        'Promotions, roll-backs, drift.',
      ),
      stat(
        'Success predicted: precision',
        'percentunit',
        ratio(hits, 'sum(increase(cortex_prediction_success_total{predicted="yes"}[1d]))'),
        'Of the tasks predicted to succeed, those that did.',
      ),
      stat(
        'Success predicted: recall',
        'percentunit',
        ratio(hits, 'sum(increase(cortex_prediction_success_total{actual="yes"}[1d]))'),
        'Of the tasks that succeeded, those predicted to.',
      ),
      stat(
        'Success predicted: F1',
        'percentunit',
        `2 * ${hits} / (sum(increase(cortex_prediction_success_total{predicted="yes"}[1d])) + sum(increase(cortex_prediction_success_total{actual="yes"}[1d])))`,
        'Harmonic mean of both.',
      ),
      lines('Mean absolute error', 'short', 'Success in probability, minutes and tokens in their own unit.', [
        `sum by (quantity) (rate(cortex_prediction_absolute_error_total${W})) / sum by (quantity) (rate(cortex_prediction_scored_total${W}))`,
        '{{quantity}}',
      ]),
      lines('Root mean squared error', 'short', 'For success its square is the Brier score.', [
        `sqrt(sum by (quantity) (rate(cortex_prediction_squared_error_total${W})) / sum by (quantity) (rate(cortex_prediction_scored_total${W})))`,
        '{{quantity}}',
      ]),
      bars(
        'Within the predicted p90',
        'percentunit',
        'sum by (quantity) (increase(cortex_prediction_covered_total[1d])) / sum by (quantity) (increase(cortex_prediction_scored_total{quantity!="success"}[1d]))',
        '{{quantity}}',
        'Nine in ten should be.',
      ),
      bars(
        'Prompts: success by version',
        'percentunit',
        'sum by (prompt) (increase(cortex_prompt_outcomes_total{success="true"}[1d])) / sum by (prompt) (increase(cortex_prompt_outcomes_total[1d]))',
        '{{prompt}}',
        'The arms of their A/B tests.',
      ),
      bars(
        'Trainings, last day',
        'short',
        'sum by (family, result) (increase(cortex_training_jobs_total[1d]))',
        '{{family}} {{result}}',
        '',
      ),
    ],
  },
  workers: {
    title: 'Cortex: workers',
    panels: [
      lines('Workers', 'short', 'Heard of lately, by master and what they do.', [
        'max by (master, status) (cortex_workers)',
        '{{master}} {{status}}',
      ]),
      lines('Waiting by master', 'short', '', [
        'sum by (master) (max by (master, priority) (cortex_work_waiting))',
        '{{master}}',
      ]),
      lines('In hand by master', 'short', '', [
        'sum by (master) (max by (master, priority) (cortex_work_held))',
        '{{master}}',
      ]),
      lines('Success by master', 'percentunit', 'Over the last hour.', [
        'sum by (master) (increase(cortex_outcomes_total{success="true"}[1h])) / sum by (master) (increase(cortex_outcomes_total{success=~"true|false"}[1h]))',
        '{{master}}',
      ]),
      lines('Time to completion by master, p90', 's', '', [
        p(0.9, 'cortex_task_duration_seconds', 'master'),
        '{{master}}',
      ]),
      lines('Working time, p50', 's', 'As workers report it.', [
        p(0.5, 'cortex_task_work_seconds', 'master'),
        '{{master}}',
      ]),
      lines('Tokens', 'short', 'Tokens a second that outcomes report.', [
        `sum by (master) (rate(cortex_task_tokens_total${W}))`,
        '{{master}}',
      ]),
      lines('Quality', 'percentunit', 'Mean of what outcomes report.', [
        `sum by (master) (rate(cortex_task_quality_sum${W})) / sum by (master) (rate(cortex_task_quality_count${W}))`,
        '{{master}}',
      ]),
      lines('Calls of language models', 'reqps', '', [
        `sum by (model, purpose, result) (rate(cortex_llm_calls_total${W}))`,
        '{{model}} {{purpose}} {{result}}',
      ]),
      lines('Tokens of language models', 'short', 'A second, in and out.', [
        `sum by (gen_ai_request_model, gen_ai_token_type) (rate(gen_ai_client_token_usage_sum${W}))`,
        '{{gen_ai_request_model}} {{gen_ai_token_type}}',
      ]),
      lines('Money for language models', 'currencyUSD', 'A minute.', [
        `60 * sum by (model) (rate(cortex_llm_cost_USD_total${W}))`,
        '{{model}}',
      ]),
      lines('Processor', 'percentunit', 'Cores in use, by process.', [
        `sum by (job, instance) (rate(process_cpu_time_seconds_total${W}))`,
        '{{job}} {{instance}}',
      ]),
      lines('Memory', 'bytes', 'Resident, by process.', [
        'sum by (job, instance) (process_memory_usage_bytes)',
        '{{job}} {{instance}}',
      ]),
      lines('Event loop late, p99', 's', 'Above 0.1 s a process is overloaded.', [
        'max by (job, instance) (nodejs_eventloop_delay_p99_seconds)',
        '{{job}} {{instance}}',
      ]),
    ],
  },
  bus: {
    title: 'Cortex: bus',
    panels: [
      lines('Waiting by consumer', 'short', '', [
        'max by (stream, consumer) (cortex_bus_consumer_pending)',
        '{{stream}} {{consumer}}',
      ]),
      lines('In hand by consumer', 'short', '', [
        'max by (stream, consumer) (cortex_bus_consumer_in_hand)',
        '{{stream}} {{consumer}}',
      ]),
      lines('Handled', 'reqps', '', [
        `sum by (consumer, result) (rate(cortex_messages_processed_total${W}))`,
        '{{consumer}} {{result}}',
      ]),
      lines('Handling, p95', 's', '', [p(0.95, 'messaging_process_duration_seconds', 'consumer'), '{{consumer}}']),
      lines('Delivered again', 'reqps', '', [
        `sum by (consumer) (rate(cortex_redeliveries_total${W}))`,
        '{{consumer}}',
      ]),
      lines('Given up', 'reqps', '', [`sum by (stream) (rate(cortex_dead_letters_total${W}))`, '{{stream}}']),
      lines('Log', 'reqps', 'Records appended, by step.', [`sum by (step) (rate(cortex_steps_total${W}))`, '{{step}}']),
      lines('Messages kept', 'short', '', ['max by (stream) (cortex_bus_stream_messages)', '{{stream}}']),
      lines('Size of streams', 'bytes', '', ['max by (stream) (cortex_bus_stream_size_bytes)', '{{stream}}']),
      bars(
        'How full streams are',
        'percentunit',
        'max by (stream) (cortex_bus_stream_size_bytes) / max by (stream) (cortex_bus_stream_limit_bytes)',
        '{{stream}}',
        'A full stream refuses new messages.',
      ),
      lines('Connections', 'short', 'Actors whose connection stands.', [
        'sum by (actor) (cortex_bus_connected)',
        '{{actor}}',
      ]),
      lines('Training data kept', 'reqps', 'Messages the recorder wrote.', [
        `sum by (stream) (rate(cortex_recorder_rows_total${W}))`,
        '{{stream}}',
      ]),
      stat('Actors that serve', 'short', `sum(${SERVES})`, 'Ready or degraded.'),
    ],
  },
};

const SOURCE = { type: 'prometheus', uid: 'prometheus' };
const WIDTH = { stat: 3, timeseries: 8, bargauge: 8 };
const HEIGHT = { stat: 4, timeseries: 8, bargauge: 8 };
const OPTIONS = {
  stat: { reduceOptions: { calcs: ['lastNotNull'] }, colorMode: 'value' },
  timeseries: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi' } },
  bargauge: { reduceOptions: { calcs: ['lastNotNull'] }, orientation: 'horizontal', displayMode: 'basic' },
};

/** The board as Grafana reads it: panels from left to right, a new row where the next one does not fit. */
export function boardOf(name, { title, panels }) {
  let [x, y, row] = [0, 0, 0];
  return {
    uid: `cortex-${name}`,
    title,
    tags: ['cortex'],
    schemaVersion: 41,
    version: 1,
    editable: false,
    time: { from: 'now-1h', to: 'now' },
    refresh: '15s',
    timezone: 'browser',
    templating: { list: [] },
    annotations: { list: [] },
    panels: panels.map(({ type, title: heading, unit, about, series }, i) => {
      const [w, h] = [WIDTH[type], HEIGHT[type]];
      if (x + w > 24 || (row !== 0 && row !== h)) {
        x = 0;
        y += row;
      }
      row = h;
      const gridPos = { x, y, w, h };
      x += w;
      return {
        id: i + 1,
        type,
        title: heading,
        description: about,
        datasource: SOURCE,
        gridPos,
        fieldConfig: { defaults: type === 'timeseries' ? { unit } : { unit, min: 0 }, overrides: [] },
        targets: series.map(([expr, legendFormat], at) => ({
          refId: String.fromCharCode(65 + at),
          datasource: SOURCE,
          expr,
          legendFormat,
          ...(type === 'timeseries' ? {} : { instant: true }),
        })),
        options: OPTIONS[type],
      };
    }),
  };
}

/** File name to content. */
export const boardFiles = () =>
  new Map(
    Object.entries(BOARDS).map(([name, board]) => [
      `${name}.json`,
      `${JSON.stringify(boardOf(name, board), null, 2)}\n`,
    ]),
  );

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = new URL('boards/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  for (const [file, content] of boardFiles()) writeFileSync(new URL(file, folder), content);
}
