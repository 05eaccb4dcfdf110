// The system's package manager, asked only where it needs no password and no answer, and only when what it offers is
// new enough: Debian's nats-server, for one, has been too old for years.
import { RungMissed } from './ladder.js';
import { lastWords, run } from './run.js';
import { newestFirst, versionOf } from './version.js';

interface Manager {
  command: string;
  needsRoot: boolean;
  offers: (name: string) => readonly [string, ...string[]];
  installs: (name: string) => readonly string[];
}

const MANAGERS: readonly Manager[] = [
  {
    command: 'apt-get',
    needsRoot: true,
    offers: (name) => ['apt-cache', 'show', '--no-all-versions', name],
    installs: (name) => ['install', '-y', '--no-install-recommends', name],
  },
  {
    command: 'apk',
    needsRoot: true,
    offers: (name) => ['apk', 'search', '--exact', name],
    installs: (name) => ['add', '--no-cache', name],
  },
  {
    command: 'dnf',
    needsRoot: true,
    offers: (name) => ['dnf', '-q', 'info', name],
    installs: (name) => ['install', '-y', name],
  },
  {
    command: 'brew',
    needsRoot: false,
    offers: (name) => ['brew', 'info', name],
    installs: (name) => ['install', '--quiet', name],
  },
];

/** @throws RungMissed saying which manager lacked what. */
export async function installWithPackageManager(
  name: string,
  minimum: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
  onProgress: (line: string) => void,
): Promise<void> {
  const root = process.getuid?.() === 0;
  const misses: string[] = [];
  for (const { command, needsRoot, offers, installs } of MANAGERS) {
    const [ask, ...question] = offers(name);
    const answer = await run(ask, question, { env, signal }).catch(() => undefined);
    if (!answer) continue;
    const version = answer.code === 0 ? versionOf(answer.out) : undefined;
    if (!version) misses.push(`${command} offers none`);
    else if (newestFirst([version, minimum])[0] !== version)
      misses.push(`${command} offers ${version}, which is too old`);
    else if (needsRoot && !root)
      misses.push(`${command} offers ${version}, but only root may install it: ${command} ${installs(name).join(' ')}`);
    else {
      onProgress(`${name}: installing ${version} with ${command}`);
      const quiet = { ...env, DEBIAN_FRONTEND: 'noninteractive', NONINTERACTIVE: '1' };
      const finished = await run(command, installs(name), { env: quiet, signal });
      if (finished.code === 0) return;
      misses.push(`${command}: ${lastWords(finished)}`);
    }
  }
  throw new RungMissed(misses.join('; ') || 'none of apt-get, apk, dnf, brew is there');
}
