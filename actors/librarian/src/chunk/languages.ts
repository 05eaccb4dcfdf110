// Which language a file is written in, by its name, and what its grammar calls the things worth keeping together.

export interface CodeLanguage {
  readonly grammar: string;
  /** Nodes that are one thing: kept whole where they fit. */
  readonly units: ReadonlySet<string>;
  /** Nodes that hold units: opened when they are too long. */
  readonly holders: ReadonlySet<string>;
  readonly comments: ReadonlySet<string>;
  readonly imports: ReadonlySet<string>;
}

const set = (...names: string[]): ReadonlySet<string> => new Set(names);
const C_COMMENTS = set('comment', 'line_comment', 'block_comment');

const SCRIPT: Omit<CodeLanguage, 'grammar'> = {
  units: set(
    'function_declaration',
    'generator_function_declaration',
    'class_declaration',
    'abstract_class_declaration',
    'interface_declaration',
    'type_alias_declaration',
    'enum_declaration',
    'lexical_declaration',
    'variable_declaration',
    'method_definition',
    'abstract_method_signature',
    'public_field_definition',
    'internal_module',
    'module',
    'expression_statement',
  ),
  holders: set(
    'class_declaration',
    'abstract_class_declaration',
    'internal_module',
    'module',
    'class_body',
    'export_statement',
    'statement_block',
  ),
  comments: set('comment'),
  imports: set('import_statement', 'export_statement'),
};

const CODE: Readonly<Record<string, CodeLanguage>> = {
  typescript: { grammar: 'typescript', ...SCRIPT },
  tsx: { grammar: 'tsx', ...SCRIPT },
  javascript: { grammar: 'javascript', ...SCRIPT },
  python: {
    grammar: 'python',
    units: set('function_definition', 'class_definition', 'decorated_definition'),
    holders: set('class_definition', 'decorated_definition', 'block'),
    comments: set('comment'),
    imports: set('import_statement', 'import_from_statement'),
  },
  go: {
    grammar: 'go',
    units: set(
      'function_declaration',
      'method_declaration',
      'type_declaration',
      'const_declaration',
      'var_declaration',
    ),
    holders: set(),
    comments: set('comment'),
    imports: set('import_declaration'),
  },
  rust: {
    grammar: 'rust',
    units: set(
      'function_item',
      'struct_item',
      'enum_item',
      'trait_item',
      'impl_item',
      'mod_item',
      'type_item',
      'const_item',
      'static_item',
      'macro_definition',
    ),
    holders: set('impl_item', 'trait_item', 'mod_item', 'declaration_list'),
    comments: C_COMMENTS,
    imports: set('use_declaration'),
  },
  java: {
    grammar: 'java',
    units: set(
      'class_declaration',
      'interface_declaration',
      'enum_declaration',
      'record_declaration',
      'method_declaration',
      'constructor_declaration',
      'field_declaration',
    ),
    holders: set(
      'class_declaration',
      'interface_declaration',
      'enum_declaration',
      'record_declaration',
      'class_body',
      'interface_body',
      'enum_body',
    ),
    comments: C_COMMENTS,
    imports: set('import_declaration'),
  },
  'c-sharp': {
    grammar: 'c-sharp',
    units: set(
      'class_declaration',
      'interface_declaration',
      'struct_declaration',
      'enum_declaration',
      'record_declaration',
      'method_declaration',
      'constructor_declaration',
      'property_declaration',
    ),
    holders: set(
      'namespace_declaration',
      'file_scoped_namespace_declaration',
      'class_declaration',
      'interface_declaration',
      'struct_declaration',
      'record_declaration',
      'declaration_list',
    ),
    comments: set('comment'),
    imports: set('using_directive'),
  },
  cpp: {
    grammar: 'cpp',
    units: set(
      'function_definition',
      'class_specifier',
      'struct_specifier',
      'enum_specifier',
      'template_declaration',
      'declaration',
      'type_definition',
    ),
    holders: set(
      'namespace_definition',
      'class_specifier',
      'struct_specifier',
      'field_declaration_list',
      'declaration_list',
      'template_declaration',
      'linkage_specification',
    ),
    comments: set('comment'),
    imports: set('preproc_include'),
  },
  ruby: {
    grammar: 'ruby',
    units: set('method', 'singleton_method', 'class', 'module'),
    holders: set('class', 'module', 'body_statement'),
    comments: set('comment'),
    imports: set(),
  },
  php: {
    grammar: 'php',
    units: set(
      'function_definition',
      'class_declaration',
      'interface_declaration',
      'trait_declaration',
      'method_declaration',
      'enum_declaration',
    ),
    holders: set(
      'class_declaration',
      'interface_declaration',
      'trait_declaration',
      'declaration_list',
      'namespace_definition',
      'compound_statement',
    ),
    comments: set('comment'),
    imports: set('namespace_use_declaration'),
  },
  bash: {
    grammar: 'bash',
    units: set('function_definition'),
    holders: set(),
    comments: set('comment'),
    imports: set(),
  },
};

const BY_ENDING: Readonly<Record<string, string>> = {
  ts: 'typescript',
  mts: 'typescript',
  cts: 'typescript',
  tsx: 'tsx',
  js: 'javascript',
  mjs: 'javascript',
  cjs: 'javascript',
  jsx: 'javascript',
  py: 'python',
  pyi: 'python',
  go: 'go',
  rs: 'rust',
  java: 'java',
  cs: 'c-sharp',
  c: 'cpp',
  h: 'cpp',
  cc: 'cpp',
  cpp: 'cpp',
  cxx: 'cpp',
  hpp: 'cpp',
  hh: 'cpp',
  rb: 'ruby',
  php: 'php',
  sh: 'bash',
  bash: 'bash',
  zsh: 'bash',
  // Without a grammar here: cut by lines.
  kt: 'kotlin',
  kts: 'kotlin',
  scala: 'scala',
  swift: 'swift',
  sql: 'sql',
  lua: 'lua',
  r: 'r',
  pl: 'perl',
  ex: 'elixir',
  exs: 'elixir',
  proto: 'protobuf',
  graphql: 'graphql',
  tf: 'terraform',
  vue: 'vue',
  svelte: 'svelte',
  ps1: 'powershell',
  dart: 'dart',
  clj: 'clojure',
  css: 'css',
  scss: 'css',
  less: 'css',
  html: 'html',
  htm: 'html',
  json: 'json',
  jsonc: 'json',
  yaml: 'yaml',
  yml: 'yaml',
  toml: 'toml',
  ini: 'ini',
  cfg: 'ini',
  conf: 'ini',
  xml: 'xml',
  properties: 'ini',
  tpl: 'template',
  md: 'markdown',
  mdx: 'markdown',
  markdown: 'markdown',
  rst: 'rst',
  adoc: 'asciidoc',
  txt: 'text',
  tex: 'latex',
  org: 'org',
};
const BY_NAME: Readonly<Record<string, string>> = {
  dockerfile: 'dockerfile',
  makefile: 'make',
  rakefile: 'ruby',
  gemfile: 'ruby',
  readme: 'text',
  license: 'text',
  changelog: 'text',
  procfile: 'text',
  justfile: 'make',
};
const DOCUMENTS = new Set(['markdown', 'rst', 'asciidoc', 'text', 'latex', 'org']);

/** Undefined for what is no text anybody would read. */
export function languageOf(path: string): string | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  const dot = name.lastIndexOf('.');
  return (dot > 0 ? BY_ENDING[name.slice(dot + 1)] : undefined) ?? BY_NAME[dot > 0 ? name.slice(0, dot) : name];
}

export const isDocument = (language: string): boolean => DOCUMENTS.has(language);

/** How a language is parsed; undefined where there is no grammar. */
export const codeLanguage = (language: string): CodeLanguage | undefined => CODE[language];
