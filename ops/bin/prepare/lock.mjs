// One process at a time: several `npx cortex` started at once must not install, build or fetch over each other.
// A lock is a file that holds its owner; the owner refreshes it, so one that died (kill -9, power) is taken over.
import {
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const REFRESH_MS = 5_000;
const LOOK_AGAIN_MS = 100;
let ticket = 0;

export async function withLock(path, work, { onWait = () => {}, staleMs = 60_000 } = {}) {
  mkdirSync(dirname(path), { recursive: true });
  const owner = `${process.pid} ${hostname()} ${Date.now()}-${++ticket}`;
  for (let waited = false; !take(path, owner); ) {
    if (takeOver(path, staleMs)) continue;
    if (!waited) onWait();
    waited = true;
    await sleep(LOOK_AGAIN_MS);
  }
  const refresh = setInterval(() => touch(path, owner), REFRESH_MS);
  refresh.unref();
  try {
    return await work();
  } finally {
    clearInterval(refresh);
    if (read(path) === owner) removeQuietly(path);
  }
}

// The content must be there the moment the name is: written aside, then linked (fails when the name exists).
function take(path, owner) {
  const aside = `${path}.${process.pid}-${ticket}`;
  writeFileSync(aside, owner);
  try {
    linkSync(aside, path);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    removeQuietly(aside);
  }
}

function takeOver(path, staleMs) {
  const owner = read(path);
  if (owner === undefined) return true;
  if (!isDead(owner) && age(path) < staleMs) return false;
  const aside = `${path}.stale-${process.pid}-${++ticket}`;
  try {
    renameSync(path, aside);
  } catch {
    return true;
  }
  // Between reading and renaming another process may have taken it over already: then it is given back.
  if (read(aside) !== owner) {
    try {
      linkSync(aside, path);
    } catch {}
  }
  removeQuietly(aside);
  return true;
}

function isDead(owner) {
  const [pid, host] = owner.split(' ');
  if (host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

function touch(path, owner) {
  if (read(path) !== owner) return;
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {}
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function age(path) {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

function removeQuietly(path) {
  try {
    unlinkSync(path);
  } catch {}
}
