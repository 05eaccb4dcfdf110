// Settings of the dashboard, from the environment: where it listens, who may come in. A wrong one names itself.
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WrongInput } from '../cli/failures.js';
import { homeFolder } from '../up/home.js';
import { isLoopbackName, SHORTEST_TOKEN, type Tokens } from './access.js';

export const DEFAULT_DASHBOARD_PORT = 4280;

export interface DashboardSettings {
  readonly host: string;
  readonly port: number;
  /** The port was asked for: another one will not do. */
  readonly fixedPort: boolean;
  readonly tokens: Tokens;
  readonly allowedHosts: readonly string[];
  /** The operator's token was made here: the link may carry it. */
  readonly tokenInLink: boolean;
  readonly tracesUrl?: string;
}

/** `port` 0 takes any free one. Throws WrongInput naming the setting. */
export function dashboardSettings(
  flags: { host?: string; port?: number } = {},
  env: NodeJS.ProcessEnv = process.env,
): DashboardSettings {
  const host = flags.host ?? (env.CORTEX_DASHBOARD_HOST || '127.0.0.1');
  const port = flags.port ?? portOf(env.CORTEX_DASHBOARD_PORT);
  const operator = tokenOf('CORTEX_DASHBOARD_TOKEN', env);
  const reader = tokenOf('CORTEX_DASHBOARD_READ_TOKEN', env);
  if (operator !== undefined && operator === reader)
    throw new WrongInput('CORTEX_DASHBOARD_READ_TOKEN', 'is the operator token: readers would be operators');
  if (operator === undefined && !isLoopbackName(host))
    throw new WrongInput(
      'CORTEX_DASHBOARD_TOKEN',
      `is not set: on ${host} others can reach the dashboard, so it needs a token of at least ${SHORTEST_TOKEN} characters`,
    );
  return {
    host,
    port: port ?? DEFAULT_DASHBOARD_PORT,
    fixedPort: port !== undefined,
    tokens: { operator: operator ?? madeToken(env), ...(reader === undefined ? {} : { reader }) },
    allowedHosts: (env.CORTEX_DASHBOARD_HOSTS ?? '').split(',').flatMap((name) => name.trim() || []),
    tokenInLink: operator === undefined,
    ...(env.CORTEX_TRACES_URL ? { tracesUrl: env.CORTEX_TRACES_URL } : {}),
  };
}

function portOf(text: string | undefined): number | undefined {
  if (!text) return undefined;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new WrongInput('CORTEX_DASHBOARD_PORT', `"${text}" is not a port (0 to 65535)`);
  return port;
}

function tokenOf(name: string, env: NodeJS.ProcessEnv): string | undefined {
  const token = env[name];
  if (!token) return undefined;
  if (token.length < SHORTEST_TOKEN)
    throw new WrongInput(
      name,
      `has ${token.length} characters: at least ${SHORTEST_TOKEN}, such as "openssl rand -hex 24" prints`,
    );
  return token;
}

/** Kept beside the data, for its owner alone: a link and its session outlive a restart. */
function madeToken(env: NodeJS.ProcessEnv): string {
  const folder = homeFolder(env);
  const file = join(folder, 'dashboard-token');
  try {
    if (existsSync(file)) {
      const kept = readFileSync(file, 'utf8').trim();
      if (kept.length >= SHORTEST_TOKEN) return kept;
    }
    const made = randomBytes(24).toString('hex');
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, `${made}\n`, { mode: 0o600 });
    chmodSync(file, 0o600);
    return made;
  } catch {
    // A folder that cannot be written: the token lives as long as the process.
    return randomBytes(24).toString('hex');
  }
}
