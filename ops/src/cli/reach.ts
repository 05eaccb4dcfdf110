// Small looks at an address: is it this machine, does a NATS server answer there.
import { connect } from 'node:net';
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

/** Whether somebody listens there, within two seconds. */
export function portAnswers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 2_000 });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket
      .once('connect', () => end(true))
      .once('error', () => end(false))
      .once('timeout', () => end(false));
  });
}
