// Disks of a scenario's own: file systems in sparse files, which can be full, and of which a copy shows what the power would have left.
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CannotHere } from './scenario.js';

const command = promisify(execFile);

export interface Disk {
  readonly image: string;
  readonly folder: string;
}

/** A file system of its own in a sparse file. Throws {@link CannotHere} where that is not allowed. */
export async function newDisk(folder: string, name: string, size = '256M'): Promise<Disk> {
  const image = join(folder, `${name}.img`);
  try {
    await command('truncate', ['-s', size, image]);
    await command('mkfs.ext4', ['-q', '-F', '-m', '0', image]);
  } catch (error) {
    throw new CannotHere(`no file system can be made here (${(error as Error).message.trim()})`);
  }
  return mount(image, join(folder, name));
}

export async function mount(image: string, folder: string): Promise<Disk> {
  await mkdir(folder);
  try {
    // Its own journal must not sync by the clock, or a slow machine would keep what power loss takes.
    await command('mount', ['-o', 'loop,commit=600', image, folder]);
  } catch (error) {
    throw new CannotHere(`a disk image cannot be mounted here (${(error as Error).message.trim()})`);
  }
  return { image, folder };
}

export async function unmount({ folder }: Disk): Promise<void> {
  await command('umount', ['-l', folder]).catch(() => undefined);
}
