// Who said it: outcomes carry a signature by the nkey of the identity that published them (ed25519), because the server checks who may publish
// and tells nobody who did.
import { HEADERS } from '@cortex/schemas';
import { type MsgHdrs, nkeys } from '@nats-io/transport-node';

/** An identity that can sign. */
export interface Signer {
  /** The user's public nkey, `U…`. */
  readonly key: string;
  /** Headers that sign a message on a subject. */
  sign(subject: string, payload: Uint8Array): Record<string, string>;
}

/** The signer behind a credentials file's contents; undefined for identities without a key. */
export function signerOf(creds: Uint8Array): Signer | undefined {
  const seed = /-----BEGIN USER NKEY SEED-----\s*(SU[A-Z2-7]{56})\s*-/.exec(new TextDecoder().decode(creds))?.[1];
  if (seed === undefined) return undefined;
  const pair = nkeys.fromSeed(new TextEncoder().encode(seed));
  const key = pair.getPublicKey();
  return {
    key,
    sign: (subject, payload) => ({
      [HEADERS.signer]: key,
      [HEADERS.signature]: Buffer.from(pair.sign(signed(subject, payload))).toString('base64'),
    }),
  };
}

/** The public key a message was signed with; undefined when it carries no signature. Throws a RangeError for a false one. */
export function signerOfMessage(
  subject: string,
  payload: Uint8Array,
  headers: MsgHdrs | undefined,
): string | undefined {
  const key = headers?.get(HEADERS.signer);
  const signature = headers?.get(HEADERS.signature);
  if (!key || !signature) return undefined;
  let holds = false;
  try {
    holds = nkeys.fromPublic(key).verify(signed(subject, payload), Buffer.from(signature, 'base64'));
  } catch {
    // No key, or no signature, by its form.
  }
  if (!holds) throw new RangeError(`its signature is not that of ${key.slice(0, 60)}`);
  return key;
}

function signed(subject: string, payload: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${subject}\n`), payload]);
}
