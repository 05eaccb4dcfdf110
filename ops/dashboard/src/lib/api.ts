// Asking the server and acting through it. Every failure is one line that a person can read.
import { signal } from '@preact/signals';
import type { Hello } from '../wire.js';
import { tell } from './notices.js';

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Who is logged in; null when nobody is; undefined before it is known. */
export const session = signal<Hello | null | undefined>(undefined);

async function ask<T>(path: string, init?: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch {
    throw new ApiError(0, 'the dashboard does not answer: is "cortex up" still running?');
  }
  const body = (await response.json().catch(() => ({}))) as { error?: string };
  if (response.ok) return body as T;
  if (response.status === 401) session.value = null;
  throw new ApiError(response.status, body.error ?? `the dashboard answered ${response.status}`);
}

export const get = <T>(path: string): Promise<T> => ask<T>(path);

const send = <T>(path: string, body: unknown): Promise<T> =>
  ask<T>(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

/** Does it, says what came of it, and tells whether it was done. */
export async function act(kind: string, input: unknown): Promise<boolean> {
  try {
    const { said } = await send<{ said: string }>(`/api/act/${kind}`, input);
    tell(said);
    return true;
  } catch (error) {
    tell((error as Error).message, 'bad');
    return false;
  }
}

export async function logIn(token: string, name: string): Promise<void> {
  session.value = await send<Hello>('/api/session', { token, name });
}

export async function logOut(): Promise<void> {
  await ask('/api/session', { method: 'DELETE' }).catch(() => undefined);
  session.value = null;
}

/** The session there is, or the one the link's token opens. The token leaves the address at once. */
export async function openSession(): Promise<void> {
  const token = /^#token=([^&]+)/.exec(location.hash)?.[1];
  if (token !== undefined) {
    history.replaceState(null, '', location.pathname + location.search);
    try {
      return await logIn(decodeURIComponent(token), '');
    } catch {
      // An old link: perhaps the cookie still holds.
    }
  }
  try {
    session.value = await get<Hello>('/api/hello');
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
  }
}
