// A file that is there whole or not at all.
import { randomUUID } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';

export async function putWhole(file: string, content: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  await writeFile(aside, content, { mode: 0o600 });
  await rename(aside, file);
}
