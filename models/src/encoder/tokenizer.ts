// Text → token ids, for any `tokenizer.json`. Used inside the encoder's thread only: long texts cost milliseconds.
// The one thing to know: the library neither truncates nor pads as the file says, so truncation happens here.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { EncoderFileMissing, EncoderModelInvalid } from './errors.js';

/** Characters looked at for each token wanted: more than any ordinary text has, so only pathological ones are cut early. */
const CHARACTERS_PER_TOKEN = 64;

/** The part of the library's tokenizer used here (its own types do not resolve under NodeNext). */
interface LibraryTokenizer {
  encode(text: string, options?: { add_special_tokens?: boolean }): { ids: number[] };
}

export interface TextTokenizer {
  /** Token ids with the model's special tokens, at most `maxTokens` of them. */
  encode(text: string): number[];
  readonly padId: number;
}

/**
 * @param folder holds `tokenizer.json`, and `tokenizer_config.json` where the model needs one
 * @param maxTokens counts the special tokens too
 */
export async function loadTokenizer(folder: string, maxTokens: number): Promise<TextTokenizer> {
  const path = join(folder, 'tokenizer.json');
  const definition = await readJson(path, true);
  const config = await readJson(join(folder, 'tokenizer_config.json'), false);
  let tokenizer: LibraryTokenizer;
  let frame: { before: number[]; after: number[] };
  try {
    tokenizer = new Tokenizer(definition, config);
    frame = specialTokens(tokenizer);
  } catch (error) {
    throw new EncoderModelInvalid(path, `not a tokenizer (${reasonOf(error)})`, { cause: error });
  }
  const room = maxTokens - frame.before.length - frame.after.length;
  if (room < 1) throw new EncoderModelInvalid(path, `a limit of ${maxTokens} tokens leaves no room for text`);
  return {
    padId: padId(definition),
    encode(text) {
      const { ids } = tokenizer.encode(text.slice(0, maxTokens * CHARACTERS_PER_TOKEN), { add_special_tokens: false });
      return [...frame.before, ...ids.slice(0, room), ...frame.after];
    },
  };
}

/** What the tokenizer puts around a text, learnt from a sample: [CLS] … [SEP] for BERT, other tokens elsewhere. */
function specialTokens(tokenizer: LibraryTokenizer): { before: number[]; after: number[] } {
  const bare = tokenizer.encode('a', { add_special_tokens: false }).ids;
  const full = tokenizer.encode('a').ids;
  const start = full.findIndex((_, at) => bare.every((id, k) => full[at + k] === id));
  if (bare.length === 0 || start < 0) throw new Error('the sample text "a" gave no tokens');
  return { before: full.slice(0, start), after: full.slice(start + bare.length) };
}

function padId(definition: Record<string, unknown>): number {
  const padding = definition.padding;
  if (typeof padding === 'object' && padding !== null && 'pad_id' in padding && typeof padding.pad_id === 'number') {
    return padding.pad_id;
  }
  return 0;
}

async function readJson(path: string, required: boolean): Promise<Record<string, unknown>> {
  let content: string;
  try {
    content = await readFile(path, 'utf8');
  } catch (error) {
    if (!required) return {};
    throw new EncoderFileMissing(path, { cause: error });
  }
  try {
    const parsed: unknown = JSON.parse(content);
    if (typeof parsed === 'object' && parsed !== null) return parsed as Record<string, unknown>;
  } catch (error) {
    throw new EncoderModelInvalid(path, `not JSON (${reasonOf(error)})`, { cause: error });
  }
  throw new EncoderModelInvalid(path, 'not a JSON object');
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
