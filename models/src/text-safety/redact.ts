// Secrets do not cross the border between Cortex and a language model, in neither direction: what is not sent cannot be leaked.
// Known values (this process's own credentials) are found as they are, others by their form.

export interface Redacted {
  readonly text: string;
  /** How many were removed, by kind. */
  readonly found: Readonly<Record<string, number>>;
}

interface Rule {
  readonly kind: string;
  readonly pattern: RegExp;
  /** Which group is the secret; 0 is the whole match. */
  readonly group?: number;
}

const RULES: readonly Rule[] = [
  {
    kind: 'private-key',
    pattern:
      /-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|$)/g,
  },
  { kind: 'nkey-seed', pattern: /\bS[UAONCX][A-Z2-7]{56}\b/g },
  { kind: 'jwt', pattern: /\beyJ[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{4,}/g },
  { kind: 'aws-key', pattern: /\b(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{16}\b/g },
  { kind: 'github-token', pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255})\b/g },
  { kind: 'gitlab-token', pattern: /\bgl(?:pat|ptt|dt|rt|cbt|soat)-[A-Za-z0-9_-]{16,}/g },
  { kind: 'slack-token', pattern: /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/g },
  { kind: 'api-key', pattern: /\b(?:sk|pk|rk)[-_](?:[a-z]{2,10}[-_])*[A-Za-z0-9_-]{16,}/g },
  { kind: 'google-key', pattern: /\bAIza[A-Za-z0-9_-]{30,}/g },
  { kind: 'npm-token', pattern: /\bnpm_[A-Za-z0-9]{30,}\b/g },
  { kind: 'pypi-token', pattern: /\bpypi-[A-Za-z0-9_-]{30,}/g },
  { kind: 'hook', pattern: /https:\/\/hooks\.[a-z]+\.com\/services\/[A-Za-z0-9/_-]{10,}/g },
  // user:password@host
  { kind: 'password', pattern: /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@"'<>]{0,64}:([^\s/@"'<>]{3,128})@/gi, group: 1 },
  { kind: 'credential', pattern: /\b(?:Bearer|Basic)\s+([A-Za-z0-9._~+/=-]{16,})/g, group: 1 },
  // NAME = "value": quoted, or to the end of the word when it holds no call or reference.
  {
    kind: 'credential',
    pattern:
      /(?:pass(?:word|wd|phrase)?|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|client[_-]?secret|credentials?|auth(?:orization)?|jwt|svid)["']?\s{0,4}(?:[:=]|=>|:=|\bis\b)\s{0,4}(["'`])((?:(?!\1)[^\n\\]){6,256})\1/gi,
    group: 2,
  },
  {
    kind: 'credential',
    pattern:
      /(?:pass(?:word|wd|phrase)?|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|client[_-]?secret|credentials?)["']?\s{0,4}(?:[:=]|\bis\b)\s{0,4}([A-Za-z0-9+/=_~!@#$%^&*.-]{8,256})(?![\w(.[<])/gi,
    group: 1,
  },
];

/** Words that stand where a secret could, and are none. */
const HARMLESS =
  /^(?:true|false|null|undefined|none|string|number|boolean|optional|required|process\.env.*|env\.[\w.]+|\$\{?.*|<.*>?|x{3,}|\*{3,}|\.{3,}|your[-_ ].*|example.*|changeme|[a-z]+(?:[A-Z][a-z]+)+|[A-Za-z_$]+(?:\.[A-Za-z_$]+)+[,;.]?|[a-z]+(?:[_-][a-z]+)*[,;.!?]?)$/;

/**
 * Replaces secrets by `[removed: kind]`. `known` are values that must not appear whatever they look like, such as this process's keys;
 * those of fewer than 6 characters are passed over, they would occur by chance.
 */
export function redactSecrets(text: string, known: readonly string[] = []): Redacted {
  const found: Record<string, number> = {};
  const note = (kind: string) => {
    found[kind] = (found[kind] ?? 0) + 1;
    return `[removed: ${kind}]`;
  };
  let out = text;
  for (const value of [...known].sort((a, b) => b.length - a.length)) {
    if (value.length < 6) continue;
    for (const form of forms(value)) {
      while (out.includes(form)) {
        out = out.replace(form, () => note('known'));
      }
    }
  }
  for (const { kind, pattern, group = 0 } of RULES) {
    out = out.replace(pattern, (...args: unknown[]) => {
      const match = String(args[0]);
      const secret = String(args[group] ?? '');
      if (secret.startsWith('[removed:') || (group > 0 && harmless(kind, secret))) return match;
      return group === 0 ? note(kind) : match.replace(secret, () => note(kind));
    });
  }
  return { text: out, found };
}

function harmless(kind: string, value: string): boolean {
  return kind === 'credential' && HARMLESS.test(value);
}

/** A value as it is, and as it would look when somebody asked for it in another spelling. */
function forms(value: string): string[] {
  const bytes = Buffer.from(value, 'utf8');
  return [value, bytes.toString('base64').replace(/=+$/, ''), bytes.toString('hex'), [...value].reverse().join('')];
}
