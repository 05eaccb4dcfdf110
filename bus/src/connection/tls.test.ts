// TLS and mutual TLS against real servers, with authorities made for the occasion.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { BusRefused } from '../errors.js';
import { startTestServer, type TestServer, testServerBinary } from '../testing/nats-server.js';
import { connectBus } from './connect.js';

const openssl = (() => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
if (!openssl && process.env.CORTEX_REQUIRE_ALL === '1')
  throw new Error('openssl is missing: certificates cannot be made');

describe.skipIf('missing' in testServerBinary() || !openssl)('TLS to the bus', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cortex-tls-'));
  const at = (name: string) => join(folder, name);
  let plain: TestServer;
  let tls: TestServer;
  let mutual: TestServer;

  function authority(name: string): void {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', at(`${name}.key`)];
    const run = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' });
    run('req', '-x509', ...key, '-out', at(`${name}.pem`), '-subj', `/CN=${name}`, '-days', '2');
    writeFileSync(at('san'), 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n');
    for (const who of ['server', 'client']) {
      const leaf = `${name}-${who}`;
      const leafKey = [...key.slice(0, -1), at(`${leaf}.key`)];
      run('req', ...leafKey, '-out', at('csr'), '-subj', `/CN=${who}`);
      const signed = ['-CA', at(`${name}.pem`), '-CAkey', at(`${name}.key`), '-CAcreateserial', '-extfile', at('san')];
      run('x509', '-req', '-in', at('csr'), ...signed, '-days', '2', '-out', at(`${leaf}.pem`));
    }
  }
  const serve = (name: string, verify: boolean) => {
    const files = `cert_file: "${at('ours-server.pem')}", key_file: "${at('ours-server.key')}", ca_file: "${at('ours.pem')}"`;
    writeFileSync(at(`${name}.conf`), `tls { ${files}, verify: ${verify} }\n`);
    return startTestServer(['-c', at(`${name}.conf`)]);
  };
  beforeAll(async () => {
    authority('ours');
    authority('theirs');
    [plain, tls, mutual] = await Promise.all([startTestServer(), serve('tls', false), serve('mutual', true)]);
  });
  afterEach(() => vi.unstubAllEnvs());
  afterAll(async () => {
    for (const server of [plain, tls, mutual]) await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const speak = async (server: TestServer, env: Record<string, string>, scheme = 'tls') => {
    for (const name of ['NATS_CA', 'NATS_CERT', 'NATS_KEY']) vi.stubEnv(name, env[name] ? at(env[name]) : '');
    // 0 waits for ever, as actors do: what cannot work must end all the same.
    const bus = await connectBus({ servers: server.url.replace(/^nats/, scheme), name: 'tls', waitMs: 0 });
    await bus.nc.flush();
    const encrypted = bus.nc.info?.tls_required === true;
    await bus.close();
    return encrypted;
  };

  it('speaks to a server of an authority that is named, also where the address does not say tls', async () => {
    expect(await speak(tls, { NATS_CA: 'ours.pem' })).toBe(true);
    expect(await speak(tls, { NATS_CA: 'ours.pem' }, 'nats')).toBe(true);
    const all = { NATS_CA: 'ours.pem', NATS_CERT: 'ours-client.pem', NATS_KEY: 'ours-client.key' };
    expect(await speak(mutual, all)).toBe(true);
  });

  it.each([
    ['an unknown authority', () => tls, {}, /unknown authority: name its authority with NATS_CA/],
    ['another authority', () => tls, { NATS_CA: 'theirs.pem' }, /unknown authority/],
    ['no certificate where one is wanted', () => mutual, { NATS_CA: 'ours.pem' }, /NATS_CERT and NATS_KEY/],
    [
      'a certificate of another authority',
      () => mutual,
      { NATS_CA: 'ours.pem', NATS_CERT: 'theirs-client.pem', NATS_KEY: 'theirs-client.key' },
      /NATS_CERT/,
    ],
    ['no TLS on the other side', () => plain, { NATS_CA: 'ours.pem' }, /offers no TLS/],
    [
      'a key of another certificate',
      () => tls,
      { NATS_CERT: 'ours-client.pem', NATS_KEY: 'ours.key' },
      /cannot be used/,
    ],
    ['a certificate without its key', () => tls, { NATS_CERT: 'ours-client.pem' }, /NATS_KEY is missing/],
    ['a file that is not there', () => tls, { NATS_CA: 'none.pem' }, /NATS_CA: .*none\.pem cannot be read \(ENOENT\)/],
    ['a file that is no PEM', () => tls, { NATS_CA: 'tls.conf' }, /NATS_CA: .*tls\.conf is not a PEM file/],
  ] as const)('ends with one sentence for %s', async (_, server, env, message) => {
    const attempt = speak(server(), env);
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.toBeInstanceOf(BusRefused);
  });
});
