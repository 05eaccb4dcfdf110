import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { OUTPUT_IN_OUTCOME, readOutput, Tail } from './output.js';

function tailOf(text: string, limit = 1_048_576, chunk = 1_000): Tail {
  const tail = new Tail(limit);
  const bytes = Buffer.from(text);
  for (let i = 0; i < bytes.length; i += chunk) tail.push(bytes.subarray(i, i + chunk));
  return tail;
}
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe("a command's output", () => {
  it('gives outcome fields when its last line is a JSON object, unknown ones too', () => {
    const text = 'working…\n{"not": "last"}\n{"tokens": 12, "quality": 0.5, "branch": "fix"}\n\n';
    expect(readOutput(tailOf(text))).toEqual({
      tokens: 12,
      quality: 0.5,
      branch: 'fix',
      evidence: [{ kind: 'stdout', sha256: sha256(text) }],
    });
  });

  it('cannot say whose outcome it is, nor that it succeeded', () => {
    const said = readOutput(
      tailOf('{"task": "other", "attempt": 9, "status": "completed", "worker": "w", "decision": {}}'),
    );
    expect(Object.keys(said)).toEqual(['evidence']);
  });

  it('keeps its own evidence beside that of the command', () => {
    const said = readOutput(tailOf('{"evidence": [{"kind": "test-run", "ref": "7"}]}'));
    expect(said.evidence?.map((e) => e.kind)).toEqual(['test-run', 'stdout']);
  });

  it('is kept as output when it is no JSON object, with its hash as evidence', () => {
    for (const text of ['hello\nworld\n', '[1, 2]', '{"half": ', '7'])
      expect(readOutput(tailOf(text))).toEqual({ output: text, evidence: [{ kind: 'stdout', sha256: sha256(text) }] });
    expect(readOutput(tailOf(''))).toEqual({});
  });

  it('names what is wrong with fields that do not fit, and keeps the output', () => {
    const said = readOutput(tailOf('{"quality": 7}'));
    expect(said.output).toBe('{"quality": 7}');
    expect(said.output_problem).toMatch(/quality/);
  });

  it('is cut to its end when it is long, hashed whole, and never cut inside a character', () => {
    const text = `${'ü'.repeat(100_001)}end`;
    const said = readOutput(tailOf(text));
    expect(String(said.output)).toMatch(/^ü+end$/);
    expect(Buffer.byteLength(String(said.output))).toBeLessThanOrEqual(OUTPUT_IN_OUTCOME);
    expect(said).toMatchObject({ output_truncated: true, output_bytes: Buffer.byteLength(text) });
    expect(said.evidence).toEqual([{ kind: 'stdout', sha256: sha256(text) }]);
  });

  it('is the same however it was cut into writes', () => {
    const text = Array.from({ length: 3_000 }, (_, i) => `line ${i}`).join('\n');
    for (const chunk of [1, 7, 100_000]) {
      const tail = tailOf(text, 1_000, chunk);
      expect(tail.text()).toBe(text.slice(-1_000));
      expect(tail.sha256()).toBe(sha256(text));
    }
  });

  it('holds no more than its limit', () => {
    const tail = new Tail(10_000);
    for (let i = 0; i < 5_000; i++) tail.push(Buffer.alloc(4_096, i));
    expect(tail.total).toBe(5_000 * 4_096);
    expect(Buffer.byteLength(tail.text(), 'latin1')).toBeLessThanOrEqual(10_000);
  });
});
