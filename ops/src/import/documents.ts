// One JSON document after another out of a file of any size: one a line, pretty-printed one after another, in one large array, or in
// one large object around an array. A broken document is named with its line and reading goes on behind it; memory holds one document.
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';

export interface FoundDocument {
  /** First line, from 1. */
  readonly line: number;
  readonly value: Record<string, unknown>;
  /** Name of the array it stood in, such as `tasks`; undefined at the top. */
  readonly within?: string;
  /** True for what is left of an object whose array was read document by document. */
  readonly wrapper?: true;
}

export interface BrokenDocument {
  readonly line: number;
  readonly reason: string;
  /** Its first characters. */
  readonly text: string;
}

export type Found = FoundDocument | BrokenDocument;

export function isBroken(found: Found): found is BrokenDocument {
  return 'reason' in found;
}

/** Most characters of one document. */
const LARGEST = 16 * 1024 * 1024;
/** Most bytes that a compressed file may unfold to: a small file must not fill the machine's hours. */
const LARGEST_UNPACKED = 8 * 1024 ** 3;
const EXCERPT = 200;

/** Arrays that hold records of their own, so that the object around them is only a wrapper. */
const WRAPPED =
  /"(tasks|queue|items|workers|events|examples|decisions|routing_decisions|routing_events|evaluations|golden|golden_set|cases|handoffs|entries|records|prompts|templates|snapshots|history|traces|spans|results)"\s*:\s*$/;

/** Reads a file, unpacking `.gz` by its first bytes. Throws what the file system throws. */
export async function* documentsOf(path: string): AsyncGenerator<Found> {
  const splitter = new Splitter();
  let unpacked = 0;
  const decoder = new TextDecoder('utf-8');
  const raw = createReadStream(path, { highWaterMark: 256 * 1024 });
  const packed = await isGzip(path);
  const stream = packed ? raw.pipe(createGunzip()) : raw;
  if (packed) raw.on('error', (error) => stream.destroy(error));
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      unpacked += chunk.length;
      if (unpacked > LARGEST_UNPACKED) {
        yield { line: splitter.line, reason: 'unpacks to more than 8 GiB; the rest was not read', text: '' };
        return;
      }
      yield* splitter.take(decoder.decode(chunk, { stream: true }));
    }
    yield* splitter.take(decoder.decode());
  } catch (error) {
    if (!packed || (error as NodeJS.ErrnoException).syscall !== undefined) throw error;
    yield* splitter.end();
    yield { line: splitter.line, reason: `the gzip stream is damaged here (${(error as Error).message})`, text: '' };
    return;
  } finally {
    raw.destroy();
  }
  yield* splitter.end();
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
}

/** What stands around the document that is being read. */
interface Wrapper {
  readonly key: string | undefined;
  /** The wrapping object's text so far, without the array's elements. */
  readonly text: string;
  readonly line: number;
}

/** Cuts a text into documents while it arrives. */
export class Splitter {
  /** The line being read. */
  line = 1;
  private text = '';
  private start = 1;
  private stack: ('{' | '[')[] = [];
  private inString = false;
  private escaped = false;
  private atLineStart = true;
  /** The last character that is not white space. */
  private last = '';
  private readonly wrappers: Wrapper[] = [];
  private skipping = false;
  private emptied = false;

  *take(chunk: string): Generator<Found> {
    let from = 0;
    for (let i = 0; i < chunk.length; i++) {
      const char = chunk[i] as string;
      if (char === '\n') {
        this.text += chunk.slice(from, i + 1);
        from = i + 1;
        // A JSON string holds no raw line end: it was cut off here.
        if (this.inString) {
          this.inString = false;
        }
        if (this.stack.length === 0) yield* this.finishLoose();
        this.line++;
        this.atLineStart = true;
        if (this.text.length > LARGEST) yield* this.giveUp();
        continue;
      }
      if (this.escaped) {
        this.escaped = false;
        continue;
      }
      if (this.inString) {
        if (char === '\\') this.escaped = true;
        else if (char === '"') this.inString = false;
        continue;
      }
      if (char === '{' && this.atLineStart && this.stack.length > 0 && this.beginsAnew()) {
        this.text += chunk.slice(from, i);
        from = i;
        yield* this.abandon('it ends in the middle');
      }
      if (char === ' ' || char === '\t' || char === '\r' || char === '\uFEFF') continue;
      this.atLineStart = false;
      if (char === '{' || char === '[') {
        this.text += chunk.slice(from, i);
        from = i;
        if (this.stack.length === 0) {
          // Commas and line ends between documents are nobody's; other words are garbage in front of one.
          if (/[^\s,\uFEFF]/.test(this.text)) yield* this.finishLoose();
          this.text = '';
          this.start = this.line;
        }
        if (char === '[' && this.opensWrapper()) {
          from = i + 1;
          this.last = char;
          continue;
        }
        this.stack.push(char);
      } else if (char === '}' || char === ']') {
        if (this.stack.length === 0 && char === ']' && this.wrappers.length > 0) {
          this.text += chunk.slice(from, i);
          from = i + 1;
          yield* this.finishLoose();
          this.closeWrapper();
        } else if (this.stack.length > 0) {
          this.stack.pop();
          if (this.stack.length === 0) {
            this.text += chunk.slice(from, i + 1);
            from = i + 1;
            yield* this.finish();
          }
        }
      } else if (char === '"') this.inString = true;
      this.last = char;
    }
    this.text += chunk.slice(from);
    if (this.text.length > LARGEST) yield* this.giveUp();
  }

  *end(): Generator<Found> {
    if (this.stack.length > 0) yield* this.abandon('the file ends in the middle of it');
    else yield* this.finishLoose();
    const open = this.wrappers[0];
    if (open) {
      const what = open.key === undefined ? 'the list that begins here' : `the list "${open.key}" of the object`;
      yield { line: open.line, reason: `${what} is never closed; what it held was read`, text: '' };
    }
    this.wrappers.length = 0;
  }

  /** Whether a `{` at the start of a line, inside a document, is the next document rather than a part of this one. */
  private beginsAnew(): boolean {
    const oneLine = this.start === this.line - 1 && this.text.trim().length > 1;
    if (oneLine) return true;
    const inArray = this.stack.at(-1) === '[';
    return !(this.last === ':' || this.last === '[' || (this.last === ',' && inArray));
  }

  private opensWrapper(): boolean {
    if (this.stack.length === 0 && this.wrappers.length === 0) {
      this.wrappers.push({ key: undefined, text: '', line: this.line });
      this.text = '';
      return true;
    }
    if (this.stack.length !== 1 || this.stack[0] !== '{' || this.text.length > 65_536) return false;
    const key = WRAPPED.exec(this.text)?.[1];
    // A record of its own has an id; lists inside of it belong to it.
    if (key === undefined || /"(id|[a-z]+_id)"\s*:/.test(this.text)) return false;
    this.wrappers.push({ key, text: this.text, line: this.start });
    this.stack = [];
    this.text = '';
    return true;
  }

  private closeWrapper(): void {
    const wrapper = this.wrappers.pop();
    if (wrapper?.key === undefined) return;
    this.stack = ['{'];
    this.text = `${wrapper.text}[]`;
    this.start = wrapper.line;
    this.emptied = true;
  }

  private *finish(): Generator<Found> {
    const { text, start, skipping, emptied } = this;
    this.reset();
    this.skipping = false;
    if (skipping) return;
    const found = this.parse(text, start);
    yield emptied && !isBroken(found) ? { ...found, wrapper: true } : found;
  }

  /** Text between documents: nothing, or something that is no JSON object. */
  private *finishLoose(): Generator<Found> {
    const words = this.text.replace(/[\s,\uFEFF]+/g, ' ').trim();
    const { line } = this;
    this.reset();
    if (words !== '') yield { line, reason: 'not a JSON object', text: words.slice(0, EXCERPT) };
  }

  private *abandon(reason: string): Generator<Found> {
    const { text, start, skipping } = this;
    this.reset();
    this.skipping = false;
    if (!skipping) yield { line: start, reason, text: text.trim().slice(0, EXCERPT) };
  }

  private *giveUp(): Generator<Found> {
    if (!this.skipping) {
      yield {
        line: this.start,
        reason: 'one document of more than 16 MiB',
        text: this.text.trim().slice(0, EXCERPT),
      };
    }
    this.skipping = this.stack.length > 0;
    this.text = '';
  }

  private parse(text: string, line: number): Found {
    const broken = (reason: string): BrokenDocument => ({ line, reason, text: text.trim().slice(0, EXCERPT) });
    if (text.includes('\uFFFD')) return broken('not valid UTF-8');
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return broken('not a JSON object');
      const within = this.wrappers.at(-1)?.key;
      return { line, value: value as Record<string, unknown>, ...(within === undefined ? {} : { within }) };
    } catch (error) {
      return broken(`not valid JSON (${(error as Error).message.split('\n')[0]?.slice(0, 160)})`);
    }
  }

  private reset(): void {
    this.text = '';
    this.stack = [];
    this.inString = false;
    this.escaped = false;
    this.emptied = false;
    this.start = this.line;
  }
}
