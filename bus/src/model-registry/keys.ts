// ed25519 keys of the registry: one pair that signs, a folder of public keys that are trusted beside it.
// The one thing to know: the pair is made at the first signature, readable by its owner alone, and never leaves the folder.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signBytes,
  verify as verifyBytes,
} from 'node:crypto';
import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NoModelKeys } from './errors.js';

const PRIVATE = 'models.key.pem';

export interface Signer {
  readonly keyId: string;
  sign(bytes: Uint8Array): string;
}

export function keyIdOf(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16);
}

/** The pair of this folder, made when there is none. Throws {@link NoModelKeys}. */
export async function openSigner(folder: string): Promise<Signer> {
  const key = (await readPrivate(folder)) ?? (await makePair(folder));
  const keyId = keyIdOf(createPublicKey(key));
  return { keyId, sign: (bytes) => signBytes(null, bytes, key).toString('base64') };
}

/** Public keys that may sign, by id: the folder's own and those in `trusted/`. Throws {@link NoModelKeys} for a file that is no key. */
export async function trustedKeys(folder: string): Promise<Map<string, KeyObject>> {
  const trusted = new Map<string, KeyObject>();
  const own = await readPrivate(folder);
  const add = (key: KeyObject) => trusted.set(keyIdOf(key), key);
  if (own) add(createPublicKey(own));
  const names = await readdir(join(folder, 'trusted')).catch(() => []);
  for (const name of names.filter((n) => n.endsWith('.pem'))) {
    const file = join(folder, 'trusted', name);
    try {
      const text = await readFile(file, 'utf8');
      if (/PRIVATE KEY/.test(text)) throw new Error('it is a private key: a public one belongs here');
      const key = createPublicKey(text);
      if (key.asymmetricKeyType !== 'ed25519') throw new Error(`it is ${key.asymmetricKeyType}, not ed25519`);
      add(key);
    } catch (error) {
      throw new NoModelKeys(`the trusted key ${file} cannot be used: ${messageOf(error)}`);
    }
  }
  return trusted;
}

export function verified(key: KeyObject, bytes: Uint8Array, signature: string): boolean {
  try {
    return verifyBytes(null, bytes, key, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}

async function readPrivate(folder: string): Promise<KeyObject | undefined> {
  const file = join(folder, PRIVATE);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new NoModelKeys(`the signing key ${file} cannot be read: ${messageOf(error)}`);
  }
  try {
    const key = createPrivateKey(text);
    if (key.asymmetricKeyType !== 'ed25519') throw new Error(`it is ${key.asymmetricKeyType}, not ed25519`);
    return key;
  } catch (error) {
    throw new NoModelKeys(`the signing key ${file} cannot be used: ${messageOf(error)}`);
  }
}

async function makePair(folder: string): Promise<KeyObject> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const file = join(folder, PRIVATE);
  const draft = join(folder, `.${PRIVATE}.${process.pid}.${keyIdOf(publicKey)}`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(draft, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    // Two processes at once: only one of them can link, the other uses what is there.
    await link(draft, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } catch (error) {
    throw new NoModelKeys(`no signing key can be made in ${folder}: ${messageOf(error)}`);
  } finally {
    await rm(draft, { force: true });
  }
  const key = (await readPrivate(folder)) ?? privateKey;
  const pub = createPublicKey(key);
  await writeFile(join(folder, `${keyIdOf(pub)}.pub.pem`), pub.export({ type: 'spki', format: 'pem' }));
  return key;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
