// Code → one passage a function, method, class or type, with its comment and the names around it, by tree-sitter.
// The one thing to know: nothing is left out: what stands between units becomes passages of lines.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Language, Node, Parser } from '@vscode/tree-sitter-wasm';
import { type CodeLanguage, codeLanguage } from './languages.js';
import { cutLines, LONGEST, trimLines } from './lines.js';
import type { CutFile, Passage } from './types.js';

const require = createRequire(import.meta.url);
/** Longer files are data or made by a machine: cut by lines. */
const LONGEST_PARSED = 400_000;
/** Characters below which a piece joins its neighbour. */
const SMALL = 160;

let ready: Promise<typeof import('@vscode/tree-sitter-wasm')> | undefined;
const grammars = new Map<string, Promise<Language>>();
const parsers = new Map<string, Parser>();

async function parserOf(language: CodeLanguage): Promise<Parser> {
  const known = parsers.get(language.grammar);
  if (known) return known;
  ready ??= (async () => {
    const library = require('@vscode/tree-sitter-wasm') as typeof import('@vscode/tree-sitter-wasm');
    await library.Parser.init();
    return library;
  })();
  const library = await ready;
  const file = join(dirname(require.resolve('@vscode/tree-sitter-wasm')), `tree-sitter-${language.grammar}.wasm`);
  const loading = grammars.get(language.grammar) ?? library.Language.load(file);
  grammars.set(language.grammar, loading);
  const grammar = await loading;
  const parser = parsers.get(language.grammar) ?? new library.Parser();
  parser.setLanguage(grammar);
  parsers.set(language.grammar, parser);
  return parser;
}

/** Never throws for odd code: what cannot be parsed is cut by lines. */
export async function cutCode(text: string, language: string): Promise<CutFile> {
  const known = codeLanguage(language);
  const lines = text.split(/\r?\n/);
  const plain = { language, passages: cutLines(lines, 1, 'lines', ''), imports: [], defines: [] };
  if (!known || text.length > LONGEST_PARSED) return plain;
  const parser = await parserOf(known);
  let tree: ReturnType<Parser['parse']> = null;
  try {
    tree = parser.parse(text);
    if (!tree) return plain;
    const cut = new Cutter(known, lines);
    cut.holder(tree.rootNode, '', 0);
    return { language, passages: cut.finish(), imports: [...cut.imports], defines: [...cut.defines] };
  } catch {
    // The parser may be left half way: the next file gets a fresh one.
    parsers.delete(known.grammar);
    return plain;
  } finally {
    tree?.delete();
  }
}

interface Span {
  kind: string;
  symbol: string;
  from: number;
  /** Line behind the last. */
  to: number;
}

class Cutter {
  readonly imports = new Set<string>();
  readonly defines = new Set<string>();
  private readonly spans: Span[] = [];

  constructor(
    private readonly language: CodeLanguage,
    private readonly lines: readonly string[],
  ) {}

  /** Walks the children of a node that holds units. */
  holder(node: Node, around: string, depth: number): void {
    let comment: number | undefined;
    for (const child of node.namedChildren) {
      if (!child) continue;
      if (this.language.comments.has(child.type)) {
        comment ??= child.startPosition.row;
        continue;
      }
      this.note(child);
      const unit = this.unitOf(child);
      if (unit) this.unit(child, unit, comment ?? child.startPosition.row, around, depth);
      else if (this.language.holders.has(child.type) && depth < 8) this.holder(child, around, depth + 1);
      comment = undefined;
    }
  }

  private unit(outer: Node, unit: Node, from: number, around: string, depth: number): void {
    const name = nameOf(unit);
    const symbol = [around, name].filter(Boolean).join(' › ');
    if (name && depth < 3) this.defines.add(name);
    const to = outer.endPosition.row + 1;
    const opens = this.language.holders.has(unit.type) && depth < 8;
    if (this.length(from, to) <= LONGEST || !opens) {
      this.spans.push({ kind: kindOf(unit.type), symbol, from, to });
      if (opens) for (const inner of unit.namedChildren) if (inner) this.names(inner, depth + 1);
      return;
    }
    // Too long for one passage: its head (signature, fields, what stands between), then each of its own.
    this.spans.push({ kind: kindOf(unit.type), symbol, from, to });
    this.holder(unit, symbol, depth + 1);
  }

  private names(node: Node, depth: number): void {
    const unit = this.unitOf(node);
    const name = unit ? nameOf(unit) : '';
    if (name) this.defines.add(name);
    if (depth < 4 && this.language.holders.has(node.type))
      for (const inner of node.namedChildren) if (inner) this.names(inner, depth + 1);
  }

  /** The unit itself, or the one an `export` or a decorator wraps. */
  private unitOf(node: Node): Node | undefined {
    if (
      node.type === 'export_statement' ||
      node.type === 'decorated_definition' ||
      node.type === 'template_declaration'
    ) {
      const inner = node.namedChildren.findLast((child) => child && this.language.units.has(child.type));
      if (inner) return inner;
    }
    if (!this.language.units.has(node.type)) return undefined;
    // A short statement (a constant, a call) joins its neighbours.
    const small =
      /^(lexical|variable|const|var|field|property)?_?(declaration|statement|definition)$/.test(node.type) ||
      node.type === 'expression_statement' ||
      node.type === 'public_field_definition';
    return small && node.endIndex - node.startIndex < SMALL && !isFunction(node) ? undefined : node;
  }

  private note(node: Node): void {
    if (!this.language.imports.has(node.type)) {
      for (const call of node.type === 'lexical_declaration' ||
      node.type === 'call' ||
      node.type === 'expression_statement'
        ? [node.text.slice(0, 300)]
        : [])
        for (const found of call.matchAll(/\brequire(?:_relative)?\s*\(?\s*['"]([^'"]+)['"]/g))
          this.imports.add(found[1] ?? '');
      return;
    }
    const text = node.text.slice(0, 4_000);
    if (node.type === 'export_statement' && !/\bfrom\s*['"]/.test(text)) return;
    const quoted =
      node.type === 'export_statement' || node.type === 'import_statement'
        ? [...text.matchAll(/\bfrom\s*['"]([^'"]+)['"]|^import\s*['"]([^'"]+)['"]/g)]
        : [...text.matchAll(/["<]([^"'<>\s]+)[">]/g)];
    for (const found of quoted) this.imports.add(found[1] ?? found[2] ?? '');
    if (quoted.length > 0) return;
    const dotted =
      /^(?:from\s+([.\w]+)|import\s+(?:static\s+)?([\w.]+)|use\s+([\w:\\]+)|using\s+(?:static\s+)?([\w.]+))/.exec(text);
    const module = dotted?.[1] ?? dotted?.[2] ?? dotted?.[3] ?? dotted?.[4];
    if (module) this.imports.add(module);
  }

  private length(from: number, to: number): number {
    let sum = 0;
    for (let i = from; i < to; i++) sum += (this.lines[i]?.length ?? 0) + 1;
    return sum;
  }

  /** Every line belongs to the innermost unit around it; runs of lines of one unit are its passages. */
  finish(): Passage[] {
    const owner = new Int32Array(this.lines.length).fill(-1);
    for (const [i, { from, to }] of this.spans.entries()) owner.fill(i, from, Math.min(to, owner.length));
    const found: Passage[] = [];
    for (let from = 0; from < owner.length; ) {
      let to = from + 1;
      while (to < owner.length && owner[to] === owner[from]) to++;
      const span = this.spans[owner[from] ?? -1];
      const lines = this.lines.slice(from, to);
      found.push(...cutLines(lines, from + 1, span?.kind ?? 'lines', span?.symbol ?? ''));
      from = to;
    }
    return merge(found);
  }
}

/** Neighbours that are too short to stand alone join: a brace, three constants, a row of one-line getters. */
function merge(passages: readonly Passage[]): Passage[] {
  const found: Passage[] = [];
  for (const passage of passages) {
    const last = found.at(-1);
    // What has a name stands alone sooner.
    const short = (p: Passage) => p.text.replace(/\s+/g, '').length < (p.symbol ? SMALL / 4 : SMALL);
    const together = last && last.end + 1 >= passage.start - 2 && last.text.length + passage.text.length < LONGEST;
    if (
      last &&
      together &&
      (short(last) || short(passage)) &&
      (short(passage) || last.kind === 'lines' || last.symbol === passage.symbol)
    ) {
      const symbols = new Set([last.symbol, passage.symbol].flatMap((s) => s.split(', ')).filter(Boolean));
      found[found.length - 1] = {
        kind: last.kind === 'lines' ? passage.kind : last.kind,
        symbol: [...symbols].slice(0, 8).join(', '),
        text: trimLines(`${last.text}${'\n'.repeat(Math.max(1, passage.start - last.end))}${passage.text}`),
        start: last.start,
        end: passage.end,
      };
    } else found.push(passage);
  }
  return found;
}

function isFunction(node: Node): boolean {
  return /=>|\bfunction\b/.test(node.text.slice(0, 400));
}

function nameOf(node: Node): string {
  const named = node.childForFieldName('name') ?? node.childForFieldName('type');
  if (named) return oneLine(named.text);
  if (
    node.type === 'lexical_declaration' ||
    node.type === 'variable_declaration' ||
    node.type === 'type_declaration' ||
    node.type === 'const_declaration' ||
    node.type === 'var_declaration'
  ) {
    const inner = node.namedChildren.find((child) => child?.childForFieldName('name'));
    return oneLine(inner?.childForFieldName('name')?.text ?? '');
  }
  const declarator = node.childForFieldName('declarator');
  if (declarator)
    return oneLine(declarator.childForFieldName('declarator')?.text ?? declarator.text).replace(/\(.*$/, '');
  const definition = node.childForFieldName('definition');
  return definition ? nameOf(definition) : '';
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').slice(0, 80);

function kindOf(type: string): string {
  if (/class|struct|record|trait|impl|interface|enum|type/.test(type)) return 'class';
  if (/function|method|constructor|singleton/.test(type)) return 'function';
  if (/module|namespace|mod_item/.test(type)) return 'module';
  return 'definition';
}
