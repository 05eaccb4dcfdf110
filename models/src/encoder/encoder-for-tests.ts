// The one rule for tests that need the real encoder: it is read from $CORTEX_ENCODER, else from the cache folder.
// Where it is absent they are skipped and the reason is printed; with CORTEX_REQUIRE_ALL=1 that is a failure.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * The encoder's folder, or undefined when tests must skip: `describe.skipIf(!folder)(…)`.
 * @throws Error when it is absent although everything is required
 */
export function encoderForTests(): string | undefined {
  const folder = process.env.CORTEX_ENCODER ?? join(homedir(), '.cache', 'cortex', 'encoders', 'minilm-l6-int8');
  const missing = ['model.onnx', 'tokenizer.json'].filter((name) => !existsSync(join(folder, name)));
  if (missing.length === 0) return folder;
  const reason = `no encoder in ${folder} (missing ${missing.join(', ')}; set CORTEX_ENCODER to its folder)`;
  if (process.env.CORTEX_REQUIRE_ALL === '1') throw new Error(`CORTEX_REQUIRE_ALL=1, but there is ${reason}`);
  console.warn(`skipped: ${reason}`);
  return undefined;
}
