// Credentials lie among older files. Nothing that looks like one is kept: neither under a field named for it, nor inside a text.

const SECRET_FIELD =
  /^(token|access_token|refresh_token|id_token|auth_token|api_?key|apikey|secret|client_secret|password|passwd|authorization|private_key|credential|credentials|cookie|session_token|svid|jwt)$/i;

/** Forms of well-known credentials; each pattern is linear. */
const SECRET_TEXT = [
  /\b(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{20,255}\b/g,
  /\bgithub_pat_[A-Za-z0-9_]{20,255}\b/g,
  /\bglpat-[A-Za-z0-9_-]{16,255}\b/g,
  /\bsk-[A-Za-z0-9_-]{16,255}\b/g,
  /\bxox[abprs]-[A-Za-z0-9-]{10,255}\b/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\bAIza[A-Za-z0-9_-]{30,60}\b/g,
  /\beyJ[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{4,4096}/g,
  /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]{0,8192}(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?/g,
  /\b(?:Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{16,4096}/g,
  // Also in a document that does not parse.
  /"(?:[a-z_]{0,20}token|api_?key|secret|client_secret|password|private_key|authorization|jwt|svid)"\s{0,20}:\s{0,20}"[^"\n]{1,8192}"?/gi,
  /\b(?:password|passwd|secret|api[_-]?key|token)\s{0,3}[=:]\s{0,3}["']?[^\s"',;]{8,200}/gi,
];

export const REDACTED = '[redacted]';

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

export function redactText(text: string): string {
  let clean = text;
  for (const pattern of SECRET_TEXT) clean = clean.replace(pattern, REDACTED);
  return clean;
}
