import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collect, type ImportSummary, type Quarantined } from './collect.js';
import type { Sourced } from './records.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cortex-import-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function read(
  files: Record<string, string>,
): Promise<{ records: Sourced[]; bad: Quarantined[]; summary: ImportSummary }> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const records: Sourced[] = [];
  const bad: Quarantined[] = [];
  const summary = await collect([folder], {
    onRecord: (found) => void records.push(found),
    onQuarantined: (what) => void bad.push(what),
  });
  return { records, bad, summary };
}

const lines = (...rows: object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const only = (records: Sourced[], kind: string) => records.filter((r) => r.record.kind === kind).map((r) => r.record);

const EVENT = {
  event_id: 'route-20251111-101010-abcdef01',
  timestamp: '2025-11-11T10:10:10-06:00',
  task_id: 'task-1',
  task_description: 'Scan the payments repo',
  task_metadata: { priority: 'high', source: 'github', user_id: 'u1' },
  routing_layers: [
    {
      layer_name: 'keyword',
      attempted: true,
      success: true,
      confidence: 0.95,
      threshold: 0.85,
      selected_master: 'security-master',
    },
    { layer_name: 'pytorch', attempted: true, success: false, confidence: 40, selected_master: null },
  ],
  final_decision: {
    selected_master: 'security-master',
    routing_layer: 'keyword',
    confidence: '0.95',
    all_probabilities: {},
  },
  total_latency_ms: 5,
  outcome: {
    task_status: 'completed',
    was_correct_master: false,
    user_corrected_to: 'development-master',
    completion_time_minutes: 12,
    quality_score: 4,
  },
  learning_feedback: { correct_routing: false },
};

describe('older files', () => {
  it('of routing events give the decision, the votes and the outcome with its correction', async () => {
    const { records } = await read({ 'performance.jsonl': lines(EVENT) });
    expect(only(records, 'decision')).toMatchObject([
      {
        task: 'task-1',
        master: 'security',
        confidence: 0.95,
        method: 'rule',
        at: '2025-11-11T16:10:10.000Z',
        votes: [
          { name: 'rule', master: 'security' },
          { name: 'neural', confidence: 0.4 },
        ],
      },
    ]);
    expect(only(records, 'outcome')).toMatchObject([
      { status: 'completed', success: false, correct_master: 'development', minutes: 12, quality: 0.8 },
    ]);
  });

  it('that tell of a task in a form nobody knows are set aside by line, not counted as figures', async () => {
    const unknown = {
      timestamp: '2025-11-11T10:10:10Z',
      task_id: 't',
      task_description: 'x',
      decision: { expert: 'cicd' },
    };
    const { records, bad } = await read({ 'strange.jsonl': lines(EVENT, { ...unknown, latency: 4 }) });
    expect(bad).toMatchObject([{ line: 2, reason: expect.stringContaining('of no form that is known') }]);
    expect(records.filter(({ record }) => record.kind === 'metrics')).toEqual([]);
  });

  it('of every known form are recognised by their fields', async () => {
    const { summary, bad } = await read({
      'a.json':
        JSON.stringify(
          {
            task_id: 't1',
            timestamp: '2025-11-01T00:00:00Z',
            routing_strategy: 'single',
            decision: { primary_expert: 'development', primary_confidence: 0.8, scores: { development: 0.8 } },
          },
          null,
          2,
        ) +
        JSON.stringify(
          {
            task_id: 't2',
            title: 'Fix it',
            routed_to: 'cicd-master',
            rule_used: 'ci',
            confidence: 0.9,
            outcome: 'completed',
          },
          null,
          2,
        ),
      'b.jsonl': lines(
        { task_id: 't3', expert: 'initializer-master', confidence: 100, method: 'complexity', complexity: 3 },
        {
          timestamp: '2025-11-01T00:00:00Z',
          task_id: 't4',
          master: 'inventory-master',
          confidence: 0.5,
          routing_reason: 'words',
        },
        { task_id: 't5', selected_master: 'github-mcp', confidence: 0.7, method: 'semantic', ab_test_group: 'B' },
        {
          handoff_id: 'h1',
          from: 'coordinator',
          to: 'security-master',
          task_id: 't6',
          status: 'completed',
          created_at: '2025-11-01T00:00:00Z',
        },
        {
          eval_id: 'g1',
          task_description: 'Audit the dependencies',
          ideal_expert: 'security-master',
          difficulty: 'easy',
        },
        { eval_id: 'j1', task_description: 'Deploy it', routing_accuracy: 3, suggested_expert: 'cicd-master' },
        {
          example_id: 'e1',
          worker_id: 'w1',
          task_id: 't7',
          example_type: 'negative',
          outcome: { status: 'failed', metrics: { duration_seconds: 90, tokens_used: 100, token_efficiency: '.4800' } },
        },
        {
          event_id: 'evt_1',
          event_type: 'worker.started',
          timestamp: '2025-11-01T00:00:00Z',
          payload: { task_id: 't7' },
        },
        {
          correlation_id: 'corr-1-abcdef-router',
          span_id: 's1',
          parent_span_id: 'corr-1',
          event_type: 'routed',
          timestamp: '2025-11-01T00:00:00Z',
          event_data: {},
        },
        { workers: { active: 3, completed: 9 }, tokens: { total_used: 100 }, timestamp: '2025-11-01T00:00:00Z' },
        { timestamp: '2025-11-02T00:00:00Z', success_rate: 0.9 },
        {
          key: 'cortex:queue:high',
          value: JSON.stringify({ id: 't8', type: 'user_query', status: 'queued', payload: { query: 'Where is it?' } }),
        },
      ),
      'c.json': JSON.stringify({ aliases: { champion: { version: 'v3' } }, version_history: [] }),
      'd.json': JSON.stringify({
        prompts: [{ id: 'fix-bug', category: 'dev', versions: [{ version: 1, active: true }] }],
      }),
      'e.json': JSON.stringify({ weights: {}, priority_weights: { critical: 100 }, starvation_bonus: 5 }),
      'f.json': JSON.stringify({
        worker_id: 'w1',
        worker_type: 'scan',
        parent_master: 'security-master',
        task_id: 't9',
        status: 'zombie',
        heartbeat: { last_heartbeat: '2025-11-01T00:00:00Z', health: { cpu_usage_percent: 50 } },
      }),
    });
    expect(bad).toEqual([]);
    expect(summary.forms).toEqual({
      'routing decision': 5,
      'hand-off': 1,
      'golden case': 1,
      judgement: 1,
      'training example': 1,
      event: 1,
      trace: 1,
      metrics: 2,
      task: 1,
      'version registry': 1,
      prompt: 1,
      'queue policy': 1,
      'worker specification': 1,
    });
  });

  it('never hand on a credential, wherever it stands', async () => {
    const secret = `ghp_${'a1B2c3D4'.repeat(5)}`;
    const { records, bad, summary } = await read({
      'w.json': JSON.stringify({
        worker_id: 'w1',
        worker_type: 'x',
        task_id: 't1',
        status: 'completed',
        identity: { spiffe_id: 's', token: secret },
        results: { note: `use ${secret}` },
      }),
      'broken.json': `{"worker_id": "w2", "identity": {"token": "abc"}, "status": ,}`,
      'u.json': JSON.stringify({ what: secret }),
    });
    expect(JSON.stringify([records, bad])).not.toContain(secret);
    expect(JSON.stringify(bad)).not.toContain('abc');
    expect(summary.redacted).toBeGreaterThanOrEqual(2);
  });

  it('with values that cannot be meant are put aside with the field, and the rest is read', async () => {
    const { bad, summary } = await read({
      'x.jsonl': lines(
        { task_id: 't1', master: 'a', confidence: 150, routing_reason: '' },
        { task_id: 't2', master: 'a', confidence: 'high', routing_reason: '' },
        { task_id: 't3', master: 'a', confidence: '95%', timestamp: 'yesterday' },
        { task_id: '', master: 'a', confidence: 0.5 },
        { hello: 'world' },
        { task_id: 't4', master: 'a', confidence: '95%' },
      ),
    });
    expect(bad.map((b) => [b.line, b.reason.split(' ')[0]])).toEqual([
      [1, 'confidence'],
      [2, 'confidence'],
      [3, 'timestamp'],
      [4, 'task_id'],
      [5, '(document)'],
    ]);
    expect(summary).toMatchObject({ records: 1, quarantined: 5 });
  });

  it('that say a thing twice give it once; those that contradict each other are doubted', async () => {
    const { summary, records } = await read({
      'a.jsonl': lines(EVENT, EVENT),
      'b.jsonl': lines({
        ...EVENT,
        event_id: 'route-other',
        outcome: { task_status: 'completed', was_correct_master: true },
      }),
    });
    expect(summary.duplicates).toBe(2);
    expect(summary.conflicts).toBe(1);
    expect(only(records, 'outcome')).toHaveLength(2);
    expect(JSON.stringify(only(records, 'outcome')[1])).toContain('doubt');
  });

  it('written by a script or by a test are marked as such', async () => {
    const made = Array.from({ length: 30 }, (_, i) => ({
      task_id: `t${i}`,
      master: 'a',
      confidence: 0.5,
      timestamp: `2025-11-01T00:00:${String(i).padStart(2, '0')}.482913Z`,
    }));
    const { summary } = await read({
      'made.jsonl': lines(...made),
      'test.jsonl': lines(
        { task_id: 'test-1', master: 'a', confidence: 0.5 },
        { task_id: 'latest-2', master: 'a', confidence: 0.5 },
      ),
    });
    expect(summary.provenance).toEqual({ generated: 30, test: 1, real: 1 });
    expect(summary.notes.join()).toMatch(/looks generated/);
  });

  it('are not left through a link', async () => {
    await symlink('/etc/hostname', join(folder, 'link.json'));
    const { summary } = await read({});
    expect(summary.files).toBe(0);
    expect(summary.notes.join()).toMatch(/link/);
  });
});
