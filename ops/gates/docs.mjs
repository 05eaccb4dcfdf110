// A link in a page leads somewhere: every relative one to a file that git knows, with its heading when it names one.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { Red, trackedFiles } from './gate.mjs';

export const docs = {
  name: 'links in the docs',
  async run(root) {
    const pages = (await trackedFiles(root)).filter((file) => file.endsWith('.md') && existsSync(join(root, file)));
    const broken = [];
    let looked = 0;
    for (const page of pages) {
      const text = withoutCode(readFileSync(join(root, page), 'utf8'));
      for (const [, target] of text.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g)) {
        if (/^[a-z][a-z0-9+.-]*:/i.test(target)) continue;
        looked += 1;
        const [path, anchor] = target.split('#');
        const file = path === '' ? page : normalize(join(path.startsWith('/') ? '' : dirname(page), decodeURI(path)));
        if (file.startsWith('..')) broken.push(`${page}: ${target} leads out of the repository`);
        else if (!existsSync(join(root, file))) broken.push(`${page}: ${target} is not there`);
        else if (anchor && file.endsWith('.md') && !headings(join(root, file)).has(anchor))
          broken.push(`${page}: ${target}: no such heading`);
      }
    }
    if (broken.length > 0) throw new Red(broken.join('\n'));
    return `${looked} links in ${pages.length} pages`;
  },
};

const withoutCode = (text) => text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').replace(/`[^`\n]*`/g, '');

function headings(file) {
  const found = new Set();
  for (const [, title] of readFileSync(file, 'utf8').matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const slug = title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-');
    let name = slug;
    for (let again = 1; found.has(name); again++) name = `${slug}-${again}`;
    found.add(name);
  }
  return found;
}
