// The dashboard's server: who may come in (host, session, role), the pages, the lists, the actions. Thin: what is shown is made elsewhere.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { secureHeaders } from 'hono/secure-headers';
import { explainFailure } from '../cli/failures.js';
import { guessLimit, isOurHost, roleOf, SESSION_MS, type Session, seal, type Tokens, unseal } from './access.js';
import { audit } from './act/audit.js';
import { DEEDS } from './act/index.js';
import { Refusal } from './act/refusal.js';
import type { Librarian } from './library.js';
import type { Live } from './live.js';
import type { Page } from './pages.js';
import { readRoutes } from './routes.js';
import type { Hello } from './wire.js';
import type { World } from './world.js';

export interface ServerParts {
  readonly world: World;
  readonly librarian: Librarian;
  readonly live: Live;
  readonly pages: ReadonlyMap<string, Page>;
  readonly tokens: Tokens;
  /** The address it listens on. */
  readonly host: string;
  readonly port: () => number;
  /** Further host names it is reached by. */
  readonly allowedHosts: readonly string[];
  readonly version: string;
  /** Who acts when the login named nobody. */
  readonly person: string;
  readonly traceLink: (trace: string) => string | null;
}

export type Env = {
  Bindings: { incoming: IncomingMessage; outgoing: ServerResponse };
  Variables: { session: Session };
};

const MOST_BYTES = 1024 * 1024;

export function dashboardApp(parts: ServerParts): Hono<Env> {
  const { world, tokens, pages } = parts;
  const app = new Hono<Env>();
  const guesses = guessLimit();
  // Cookies of one host are shared by all its ports.
  const cookie = () => `cortex_${parts.port()}`;

  app.use(async (c, next) => {
    if (!isOurHost(c.req.header('host'), parts.host, parts.allowedHosts))
      return c.text('This host name is not one of the dashboard: set CORTEX_DASHBOARD_HOSTS to allow it.\n', 421);
    await next();
  });
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        manifestSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
      xFrameOptions: 'DENY',
      referrerPolicy: 'no-referrer',
      strictTransportSecurity: false,
      permissionsPolicy: { camera: [], microphone: [], geolocation: [] },
    }),
  );
  app.get('/healthz', (c) => c.json({ ok: true }));
  app.get('/readyz', (c) => {
    const bus = world.bus.state();
    return c.json({ bus }, bus === 'connected' ? 200 : 503);
  });

  const own = sameOrigin();
  const small = bodyLimit({ maxSize: MOST_BYTES });
  app.post('/api/session', own, small, async (c) => {
    if (!guesses.allowed()) throw new Refusal(403, 'too many wrong tokens: wait a moment and try again');
    const given = (await c.req.json().catch(() => ({}))) as { token?: unknown; name?: unknown };
    const role = typeof given.token === 'string' ? roleOf(given.token, tokens) : undefined;
    if (!role) {
      guesses.wrong();
      throw new Refusal(403, 'this token opens nothing here');
    }
    const name = typeof given.name === 'string' ? given.name.trim().slice(0, 100) : '';
    const session: Session = { role, by: name || parts.person, until: Date.now() + SESSION_MS };
    setCookie(c, cookie(), seal(session, tokens), {
      httpOnly: true,
      sameSite: 'Strict',
      path: '/',
      maxAge: SESSION_MS / 1_000,
      secure: c.req.header('x-forwarded-proto') === 'https',
    });
    return c.json(hello(parts, session));
  });
  app.delete('/api/session', own, (c) => {
    deleteCookie(c, cookie(), { path: '/' });
    return c.json({ ok: true });
  });

  app.use('/api/*', async (c, next) => {
    const session = sessionOf(c, cookie(), tokens);
    if (!session) return c.json({ error: 'open the link that "cortex up" printed, or log in with a token' }, 401);
    c.set('session', session);
    c.header('cache-control', 'no-store');
    await next();
  });
  app.get('/api/hello', (c) => c.json(hello(parts, c.get('session'))));
  app.get('/api/live', (c) => {
    parts.live.join(c.env.outgoing, { hello: hello(parts, c.get('session')) });
    return RESPONSE_ALREADY_SENT;
  });
  app.route('/api', readRoutes(world, parts.librarian, parts.traceLink));
  app.post('/api/act/:kind', own, small, async (c) => {
    const { role, by } = c.get('session');
    if (role !== 'operator') throw new Refusal(403, 'you may look, not act: log in with an operator token');
    const kind = c.req.param('kind');
    const deed = Object.hasOwn(DEEDS, kind) ? DEEDS[kind] : undefined;
    if (!deed) throw new Refusal(404, `there is no action "${kind}"`);
    const { said, audited, ...done } = await deed(world, await c.req.json().catch(() => undefined), by);
    const action = audited ? undefined : await audit(world.bus, { kind, by, via: 'dashboard', ...done });
    return c.json({ said, action: action?.id ?? null });
  });
  app.all('/api/*', (c) => c.json({ error: 'there is nothing here' }, 404));

  app.get('*', (c) => {
    const path = c.req.path;
    const page = pages.get(path) ?? (path.startsWith('/assets/') ? undefined : pages.get('/'));
    if (!page) return c.text('not found\n', 404);
    c.header('content-type', page.type);
    c.header('cache-control', page.cache);
    return c.body(page.body);
  });
  app.onError((error, c) => {
    if (error instanceof Refusal) return c.json({ error: error.message }, error.status);
    const { line, exitCode } = explainFailure(error);
    return c.json({ error: line }, exitCode === 3 ? 503 : 500);
  });
  return app;
}

function hello(parts: ServerParts, session: Session): Hello {
  const { bus } = parts.world;
  return {
    role: session.role,
    by: session.by,
    version: parts.version,
    prefix: bus.subjects.prefix,
    servers: bus.servers,
    bus: bus.state(),
  };
}

/** From the cookie, or for programs from `Authorization: Bearer TOKEN`. */
function sessionOf(c: Context<Env>, cookie: string, tokens: Tokens): Session | undefined {
  const bearer = /^Bearer (\S+)$/.exec(c.req.header('authorization') ?? '')?.[1];
  const role = bearer === undefined ? undefined : roleOf(bearer, tokens);
  if (role) return { role, by: 'a program with a token', until: Date.now() + SESSION_MS };
  return unseal(getCookie(c, cookie), tokens);
}

/** Another site's page cannot send JSON with our origin: what does not look like ours is refused before it is read. */
function sameOrigin(): MiddlewareHandler<Env> {
  return async (c, next) => {
    const site = c.req.header('sec-fetch-site');
    const origin = c.req.header('origin');
    const host = c.req.header('host');
    const foreign =
      (site !== undefined && site !== 'same-origin' && site !== 'none') ||
      (origin !== undefined && hostOf(origin) !== host) ||
      (c.req.method === 'POST' && !/^application\/json\b/.test(c.req.header('content-type') ?? ''));
    if (foreign) throw new Refusal(403, 'this request does not come from the dashboard');
    await next();
  };
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined;
  }
}
