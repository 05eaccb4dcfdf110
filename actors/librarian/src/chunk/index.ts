// The door of cutting: a file's text → passages.
import { cutCode } from './code.js';
import { cutDocument } from './document.js';
import { codeLanguage, isDocument } from './languages.js';
import { cutLines } from './lines.js';
import type { CutFile } from './types.js';

export { isDocument, languageOf } from './languages.js';
export type { CutFile, Passage } from './types.js';

export async function cutFile(text: string, language: string): Promise<CutFile> {
  if (isDocument(language)) return cutDocument(text, language);
  if (codeLanguage(language)) return cutCode(text, language);
  return { language, passages: cutLines(text.split(/\r?\n/), 1, 'lines', ''), imports: [], defines: [] };
}
