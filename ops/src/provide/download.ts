// One file over HTTP, to disk, with a visible progress.
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { RungMissed } from './ladder.js';

export type Progress = (line: string) => void;

const SAY_EVERY_BYTES = 4 << 20;

/** @throws RungMissed naming the address and what came back instead. */
export async function download(url: string, file: string, signal: AbortSignal, onProgress: Progress): Promise<void> {
  const answer = await fetchOk(url, signal);
  const total = Number(answer.headers.get('content-length')) || undefined;
  let done = 0;
  let said = 0;
  const body = Readable.fromWeb(answer.body as ReadableStream<Uint8Array>);
  body.on('data', (chunk: Uint8Array) => {
    done += chunk.length;
    if (done - said < SAY_EVERY_BYTES) return;
    said = done;
    onProgress(`downloading, ${megabytes(done)}${total === undefined ? '' : ` of ${megabytes(total)}`} MB`);
  });
  await pipeline(body, createWriteStream(file), { signal });
}

export async function downloadText(url: string, signal: AbortSignal): Promise<string> {
  return (await fetchOk(url, signal)).text();
}

async function fetchOk(url: string, signal: AbortSignal): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(url, { signal });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new RungMissed(`${url} cannot be reached (${cause})`);
  }
  if (!answer.ok || !answer.body) throw new RungMissed(`${url} answered ${answer.status}`);
  return answer;
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
