import { describe, expect, it } from 'vitest';
import { searchTerms } from './index.js';

describe('search terms', () => {
  it('find a name by its whole, however it is spelled, and by its parts', () => {
    for (const name of ['readFileSync', 'read_file_sync', 'ReadFileSync', 'read-file-sync']) {
      expect(searchTerms(name)).toEqual(['readfilesync', 'read', 'file', 'sync']);
    }
    expect(searchTerms('HTMLParser')).toEqual(['htmlparser', 'html', 'parser']);
  });

  it('keep flags, file endings and operators of a command', () => {
    const terms = searchTerms("find src/app -name '*.txt' --max-depth 2 | xargs rm -rf && echo done >> log");
    expect(terms).toEqual(
      expect.arrayContaining(['-name', '.txt', 'txt', '--max-depth', 'depth', '|', '-rf', '&&', '>>']),
    );
    expect(terms).toEqual(expect.arrayContaining(['src', 'app', 'srcapp', '2']));
  });

  it('tell flags that differ in case apart', () => {
    expect(searchTerms('ls -R')).not.toEqual(searchTerms('ls -r'));
  });

  it('fold plurals and endings of words', () => {
    expect(searchTerms('patches patched patching')).toEqual(['patch', 'patch', 'patch']);
  });

  it('do not take C++ or C# for C, nor a version for its numbers', () => {
    expect(searchTerms('C++')).toContain('c++');
    expect(searchTerms('C#')).toContain('c#');
    expect(searchTerms('2.53.1')).toEqual(['2.53.1']);
  });

  it('are pairs of characters where no blanks stand between words', () => {
    expect(searchTerms('日本語')).toEqual(['日本', '本語']);
  });

  it('end in linear time and stay short on hostile text', () => {
    for (const text of ['-'.repeat(200_000), 'a.'.repeat(100_000), 'aB'.repeat(100_000), '_'.repeat(200_000)]) {
      expect(searchTerms(text).filter((term) => term.length > 48)).toEqual([]);
    }
  });
});
