// TLS to the bus, by the variables that NATS' own command line reads: NATS_CA, NATS_CERT, NATS_KEY. What cannot work is refused at once: a
// connection would be tried for ever.
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { checkServerIdentity, createSecureContext, type PeerCertificate } from 'node:tls';
import type { TlsOptions } from '@nats-io/transport-node';
import { BusRefused } from '../errors.js';

/**
 * PEM files to trust (`NATS_CA`) and to show (`NATS_CERT`, `NATS_KEY`); undefined where none is named and no address asks for TLS.
 * Throws {@link BusRefused} for files that cannot be read or do not belong together.
 */
export async function tlsFromEnvironment(
  servers: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<TlsOptions | undefined> {
  const { NATS_CA: ca, NATS_CERT: cert, NATS_KEY: key } = env;
  const identity = identityOf(servers);
  if (!ca && !cert && !key) return /(^|,)\s*tls:\/\//.test(servers) ? identity : undefined;
  if (!cert !== !key)
    throw new BusRefused(`${cert ? 'NATS_KEY' : 'NATS_CERT'} is missing: a certificate needs its key`);
  const options = {
    ...(ca ? { ca: await pem('NATS_CA', ca) } : {}),
    ...(cert && key ? { cert: await pem('NATS_CERT', cert), key: await pem('NATS_KEY', key) } : {}),
  };
  try {
    createSecureContext(options);
  } catch (cause) {
    throw new BusRefused(`NATS_CA, NATS_CERT and NATS_KEY cannot be used: ${(cause as Error).message}`, { cause });
  }
  return { ...options, ...identity };
}

/** The client names no server where the address is an IP, and Node then takes it for "localhost": held against the addresses instead. */
function identityOf(servers: string): object {
  const addresses = servers
    .split(',')
    .map((server) =>
      server
        .trim()
        .replace(/^\w+:\/\//, '')
        .replace(/^.*@/, ''),
    )
    .map((host) => /^\[([^\]]+)\]/.exec(host)?.[1] ?? host.replace(/:\d+$/, ''))
    .filter((host) => isIP(host) !== 0);
  if (addresses.length === 0) return {};
  return {
    checkServerIdentity: (host: string, certificate: PeerCertificate) =>
      host === 'localhost' && addresses.some((address) => checkServerIdentity(address, certificate) === undefined)
        ? undefined
        : checkServerIdentity(host, certificate),
  };
}

async function pem(variable: string, file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new BusRefused(`${variable}: ${file} cannot be read (${cause.code})`, { cause });
  });
  if (!text.includes('-----BEGIN ')) throw new BusRefused(`${variable}: ${file} is not a PEM file`);
  return text;
}

const UNTRUSTED = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
]);
const NOT_THEIRS = new Set(['ERR_TLS_CERT_ALTNAME_INVALID', 'CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);

/** The refusal behind a failed attempt to connect; undefined where trying again may help. */
export function refusalOfTls(error: unknown, servers: string): BusRefused | undefined {
  const { code, message } = (error ?? {}) as { code?: string; message?: string };
  const refused = (why: string) => new BusRefused(`the NATS server at ${servers} ${why}`, { cause: error as Error });
  if (code !== undefined && UNTRUSTED.has(code))
    return refused('shows a certificate of an unknown authority: name its authority with NATS_CA');
  if (code !== undefined && NOT_THEIRS.has(code)) return refused(`shows a certificate that does not hold: ${message}`);
  if (code !== undefined && /^ERR_SSL_.*ALERT_(CERTIFICATE_REQUIRED|BAD_CERTIFICATE|HANDSHAKE_FAILURE)/.test(code))
    return refused('wants a certificate of the client: name it with NATS_CERT and NATS_KEY');
  if (code !== undefined && /^ERR_SSL_.*ALERT_(UNKNOWN_CA|CERTIFICATE_)/.test(code))
    return refused('refuses the certificate in NATS_CERT');
  if (/server does not support 'tls'/.test(message ?? ''))
    return refused('offers no TLS, and tls:// or NATS_CA asks for it');
  return undefined;
}
