// One connection to NATS: waits for a bus that is not up yet, reconnects for ever, says in which state it is.
import { readFile } from 'node:fs/promises';
import { DEFAULT_PREFIX, type Subjects, subjectsOf } from '@cortex/schemas';
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import {
  connect,
  credsAuthenticator,
  errors,
  type NatsConnection,
  type NodeConnectionOptions,
  nuid,
} from '@nats-io/transport-node';
import { BusRefused, BusUnreachable } from '../errors.js';
import { type Signer, signerOf } from '../signing/signing.js';
import { startServerClock } from './server-clock.js';
import { refusalOfTls, tlsFromEnvironment } from './tls.js';

export type BusState = 'connected' | 'reconnecting' | 'closed';

export interface BusOptions {
  /** Server addresses, comma separated. Default: `NATS_URL`, else `nats://127.0.0.1:4222`. */
  readonly servers?: string;
  /** Credentials file (JWT and nkey seed). Default: `NATS_CREDS`. */
  readonly creds?: string;
  /** First tokens of every subject. Default: `CORTEX_PREFIX`, else `cortex`. */
  readonly prefix?: string;
  /** Shown in the server's connection list. */
  readonly name: string;
  /** Milliseconds to wait for the first connection; 0 waits for ever (actors do). Default 5,000. */
  readonly waitMs?: number;
  /** Private inbox prefix: the only subject this identity may receive answers on. Default `_INBOX_<name>`. */
  readonly inboxPrefix?: string;
  /** Default: from `NATS_CA`, `NATS_CERT` and `NATS_KEY`, and TLS with the system's authorities for `tls://` addresses. */
  readonly tls?: NodeConnectionOptions['tls'];
  /** Told about every change of state. */
  readonly onState?: (state: BusState, detail: string) => void;
}

/** What every part of Cortex talks through. */
export interface Bus {
  readonly nc: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly subjects: Subjects;
  /** Unique name of this process's connection, such as `router-3F9K…`. */
  readonly instance: string;
  readonly servers: string;
  /** Private inbox prefix of this identity. */
  readonly inboxPrefix: string;
  /** Signs in the name of this identity; undefined without credentials. */
  readonly signer: Signer | undefined;
  state(): BusState;
  /** Milliseconds since the epoch by the server's clock, which all actors share; this machine's own may be wrong. */
  now(): number;
  /** Resolves after the first look at the server's clock, at most 2 s; until then `now()` is this machine's own. */
  readonly clockSeen: Promise<void>;
  /** Called after every reconnect. Returns the function that ends it. */
  onReconnect(listener: () => void): () => void;
  /** Flushes, then closes. */
  close(): Promise<void>;
}

export const DEFAULT_SERVERS = 'nats://127.0.0.1:4222';

/**
 * Connects. With `waitMs: 0` it waits until there is a server; otherwise throws {@link BusUnreachable} after that time.
 * Throws {@link BusRefused} for a credentials file that cannot be used or an identity the server refuses.
 */
export async function connectBus(options: BusOptions): Promise<Bus> {
  const servers = options.servers ?? process.env.NATS_URL ?? DEFAULT_SERVERS;
  const credsFile = options.creds ?? process.env.NATS_CREDS;
  const subjects = subjectsOf(options.prefix ?? process.env.CORTEX_PREFIX ?? DEFAULT_PREFIX);
  const instance = `${options.name}-${nuid.next().slice(-8)}`;
  const inboxPrefix = options.inboxPrefix ?? `_INBOX_${options.name}`;
  const creds = credsFile ? await readCreds(credsFile) : undefined;
  const tls = options.tls ?? (await tlsFromEnvironment(servers));
  const connectOptions: NodeConnectionOptions = {
    servers: servers.split(',').map((s) => s.trim()),
    name: instance,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    // Half-dead connections are noticed in 4.5 to 6 s, not in the client's default of minutes: a cluster that lost a node serves on, and whoever
    // was connected to it must not stand still for longer than that.
    pingInterval: 1_500,
    maxPingOut: 2,
    inboxPrefix,
    // Else the client makes two errors with their stacks for every request, in case it fails.
    noAsyncTraces: true,
    ...(tls ? { tls } : {}),
    ...(creds ? { authenticator: credsAuthenticator(creds) } : {}),
  };
  const nc = await dial(connectOptions, servers, options.waitMs ?? 5_000, options.onState);
  // The JetStream API check would fail while a cluster elects its leader; the streams are checked when used.
  const js = jetstream(nc, { timeout: 5_000 });
  const jsm = await jetstreamManager(nc, { checkAPI: false, timeout: 5_000 });
  const clock = startServerClock(nc, subjects.stream('LOG'));
  let state: BusState = 'connected';
  const reconnectListeners = new Set<() => void>();
  const change = (next: BusState, detail: string) => {
    if (next === state) return;
    state = next;
    options.onState?.(next, detail);
  };
  void (async () => {
    for await (const s of nc.status()) {
      if (s.type === 'disconnect') change('reconnecting', s.server);
      else if (s.type === 'reconnect') {
        change('connected', s.server);
        for (const listener of reconnectListeners) listener();
      }
    }
  })();
  void nc.closed().then((error) => change('closed', error instanceof Error ? error.message : 'closed'));
  return {
    nc,
    js,
    jsm,
    subjects,
    instance,
    servers,
    inboxPrefix,
    signer: creds && signerOf(creds),
    state: () => state,
    now: () => Date.now() + clock.offsetMs(),
    clockSeen: clock.first,
    onReconnect(listener) {
      reconnectListeners.add(listener);
      return () => reconnectListeners.delete(listener);
    },
    async close() {
      clock.stop();
      if (nc.isClosed()) return;
      // A drain would wait for a server that is away; a flush with a limit does not.
      await Promise.race([nc.flush().catch(() => undefined), new Promise((r) => setTimeout(r, 1_000).unref())]);
      await nc.close();
    },
  };
}

async function dial(
  options: NodeConnectionOptions,
  servers: string,
  waitMs: number,
  onState?: BusOptions['onState'],
): Promise<NatsConnection> {
  const started = Date.now();
  let told = false;
  for (;;) {
    try {
      return await connect({ ...options, timeout: waitMs === 0 ? 5_000 : Math.max(250, Math.min(5_000, waitMs)) });
    } catch (error) {
      if (error instanceof errors.AuthorizationError || error instanceof errors.UserAuthenticationExpiredError) {
        throw new BusRefused(`the NATS server at ${servers} refuses this identity: ${error.message}`, { cause: error });
      }
      const untrusted = refusalOfTls(
        error instanceof errors.TimeoutError ? await firstFailure(options) : error,
        servers,
      );
      if (untrusted) throw untrusted;
      if (waitMs !== 0 && Date.now() - started >= waitMs) throw new BusUnreachable(servers, error);
      if (!told) onState?.('reconnecting', `waiting for ${servers}`);
      told = true;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

const ALERT_TRIES = 8;

/**
 * A client that reconnects tells a server's alert (no certificate was shown, or none it trusts) as a time-out; one that does not tells the alert,
 * where it arrives before the connection is reset: that is a race, so it is run a few times.
 */
async function firstFailure(options: NodeConnectionOptions): Promise<unknown> {
  for (let tried = 1; ; tried++) {
    try {
      await (await connect({ ...options, reconnect: false, timeout: 2_000 })).close();
      return undefined;
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ECONNRESET' || tried === ALERT_TRIES) return error;
    }
  }
}

async function readCreds(file: string): Promise<Uint8Array> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw new BusRefused(
      `cannot read the credentials file ${file}: ${(cause as NodeJS.ErrnoException).code ?? cause}`,
      { cause },
    );
  }
  const text = bytes.toString('utf8');
  if (!text.includes('BEGIN NATS USER JWT') || !text.includes('BEGIN USER NKEY SEED')) {
    throw new BusRefused(
      `${file} is not a NATS credentials file: it needs a "NATS USER JWT" and a "USER NKEY SEED" part`,
    );
  }
  try {
    // Signs once now: a damaged seed would otherwise be tried again for ever.
    credsAuthenticator(bytes)('nonce');
  } catch (cause) {
    throw new BusRefused(`${file} holds a damaged identity: ${(cause as Error).message}; have it issued again`, {
      cause,
    });
  }
  return bytes;
}
