// Credentials lie among older files. Nothing that looks like one is kept: neither under a field named for it, nor inside a text.
import { redactSecrets } from '@cortex/models';

const SECRET_FIELD_IN_TEXT =
  /("(?:[a-z_]{0,20}token|api_?key|secret|client_secret|password|private_key|authorization|jwt|svid)"\s{0,20}:\s{0,20})"[^"\n]{1,8192}"?/gi;
const SECRET_FIELD =
  /^(token|access_token|refresh_token|id_token|auth_token|api_?key|apikey|secret|client_secret|password|passwd|authorization|private_key|credential|credentials|cookie|session_token|svid|jwt)$/i;

/** Takes out in place what looks like a secret; the number of places. Numbers such as a token budget stay. */
export function redact(value: unknown, depth = 0): number {
  if (typeof value !== 'object' || value === null || depth > 64) return 0;
  let found = 0;
  const holder = value as Record<string, unknown>;
  for (const [key, inner] of Object.entries(holder)) {
    if (SECRET_FIELD.test(key) && (typeof inner === 'string' || (typeof inner === 'object' && inner !== null))) {
      delete holder[key];
      found++;
    } else if (typeof inner === 'string') {
      const clean = redactText(inner);
      if (clean === inner) continue;
      holder[key] = clean;
      found++;
    } else found += redact(inner, depth + 1);
  }
  return found;
}

/** The same in a document that does not parse: fields named for a secret, and what has the form of one. */
export function redactText(text: string): string {
  return redactSecrets(text.replace(SECRET_FIELD_IN_TEXT, '$1"[removed: credential]"')).text;
}
