import { describe, expect, it } from 'vitest';
import { parseTasks } from './read-tasks.js';

const parse = (text: string, defaults = {}) => parseTasks('f.jsonl', text, defaults);

describe('tasks from JSON lines', () => {
  it('are read in order, with empty lines, a byte order mark and carriage returns passed over', () => {
    const tasks = parse('\uFEFF{"text":"a"}\r\n\r\n{"text":"b","id":"x y","extra":1}\n');
    expect(tasks).toEqual([{ text: 'a' }, { text: 'b', id: 'x y', extra: 1 }]);
  });

  it('keep what they say and take the rest from the command line', () => {
    const tasks = parse('{"text":"a","priority":"low","labels":{"team":"x"}}\n{"text":"b"}', {
      priority: 'high',
      labels: { team: 'y', env: 'z' },
    });
    expect(tasks).toEqual([
      { text: 'a', priority: 'low', labels: { team: 'x', env: 'z' } },
      { text: 'b', priority: 'high', labels: { team: 'y', env: 'z' } },
    ]);
  });

  it.each([
    ['{"text":"a"}\n{"text":', /^f\.jsonl, line 2: is not valid JSON/],
    ['["a"]', /^f\.jsonl, line 1: is not a JSON object/],
    ['"a"', /^f\.jsonl, line 1: is not a JSON object/],
    ['{"title":"a"}', /^f\.jsonl, line 1, field text: is missing/],
    ['{"text":" "}', /^f\.jsonl, line 1, field text: .*empty/],
    ['{"text":"a","priority":"soon"}', /^f\.jsonl, line 1, field priority: /],
    ['{"text":"a","labels":{"x":1}}', /^f\.jsonl, line 1, field labels\.x: /],
    ['{"text":"a","deadline":"tomorrow"}', /^f\.jsonl, line 1, field deadline: /],
    ['\n\n', /^f\.jsonl: holds no task/],
    [`{"text":"${'x'.repeat(33_000)}"}`, /^f\.jsonl, line 1, field text: has 33,000 characters, at most 32,768/],
  ])('are refused by place: %.40s', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});
