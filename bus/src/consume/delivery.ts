// One delivery of a stored message: what it is, which delivery it is, and the four answers the server understands.
import type { Msg, MsgHdrs } from '@nats-io/transport-node';

export interface Delivery {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: MsgHdrs | undefined;
  readonly stream: string;
  readonly consumer: string;
  /** Sequence in the stream. */
  readonly sequence: number;
  /** Counts deliveries of this message on this consumer, from 1: the fence of a lease. */
  readonly delivery: number;
  /** When the server stored it, milliseconds since the epoch. */
  readonly storedAt: number;
  /** Messages still waiting behind it. */
  readonly pending: number;
  ack(): void;
  /** Gives it back; it is delivered again after `delayMs`. */
  nak(delayMs: number): void;
  /** Renews the lease. */
  working(): void;
  /** It is never delivered again. */
  term(reason: string): void;
}

const encode = (text: string) => new TextEncoder().encode(text);
const ACK = encode('+ACK');
const WORKING = encode('+WPI');

/** Reads the server's reply subject `$JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<delivered>.<sseq>.<cseq>.<time>.<pending>`. */
export function toDelivery(msg: Msg): Delivery {
  const tokens = (msg.reply ?? '').split('.');
  const at = tokens.length >= 11 ? 4 : 2;
  return {
    subject: msg.subject,
    data: msg.data,
    headers: msg.headers,
    stream: tokens[at] ?? '',
    consumer: tokens[at + 1] ?? '',
    delivery: Number(tokens[at + 2]),
    sequence: Number(tokens[at + 3]),
    storedAt: Math.floor(Number(tokens[at + 5]) / 1e6),
    pending: Number(tokens[at + 6]),
    ack: () => void msg.respond(ACK),
    nak: (delayMs) =>
      void msg.respond(encode(`-NAK ${JSON.stringify({ delay: Math.max(1, Math.round(delayMs)) * 1_000_000 })}`)),
    working: () => void msg.respond(WORKING),
    term: (reason) => void msg.respond(encode(`+TERM ${reason.replace(/[\r\n]+/g, ' ').slice(0, 200)}`)),
  };
}
