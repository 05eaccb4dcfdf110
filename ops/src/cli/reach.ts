// Small looks at an address: is it this machine, does a NATS server answer there.
import { greeting } from '../up/index.js';

/** Host and port of a NATS address on this machine; undefined for any other. */
export function isLoopback(server: string): { host: string; port: number } | undefined {
  try {
    const url = new URL(server.includes('://') ? server : `nats://${server}`);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    if (!['127.0.0.1', 'localhost', '::1'].includes(host) || url.username !== '') return undefined;
    return { host, port: url.port === '' ? 4222 : Number(url.port) };
  } catch {
    return undefined;
  }
}

export async function serverAnswers(server: string): Promise<boolean> {
  const place = isLoopback(server);
  return place !== undefined && (await greeting(place.port, place.host)) !== undefined;
}
