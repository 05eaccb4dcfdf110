// Finds what must not be indexed: keys, tokens, passwords. Their value is put out, the text around stays; a file that is nothing but a secret is left out.
// The one thing to know: known forms first (few false alarms), then assignments to telling names whose value looks random.

const KNOWN: readonly (readonly [string, RegExp])[] = [
  [
    'private key',
    /-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|$)/g,
  ],
  ['nats seed', /\bS[UAON][A-Z2-7]{56}\b/g],
  ['aws key', /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b/g],
  ['github token', /\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{40,255})\b/g],
  ['gitlab token', /\bgl(?:pat|ptt|rt|dt)-[A-Za-z0-9_-]{20,}/g],
  ['slack token', /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/g],
  ['stripe key', /\b(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}/g],
  ['api key', /\bsk-(?:proj-|ant-|svcacct-)?[A-Za-z0-9_-]{20,}/g],
  ['google key', /\bAIza[A-Za-z0-9_-]{35}\b/g],
  ['npm token', /\bnpm_[A-Za-z0-9]{36}\b/g],
  ['pypi token', /\bpypi-[A-Za-z0-9_-]{50,}/g],
  ['jwt', /\beyJ[A-Za-z0-9_-]{10,4096}\.eyJ[A-Za-z0-9_-]{10,4096}\.[A-Za-z0-9_-]{10,4096}/g],
  ['password in an address', /(?<=\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@'"]{1,100}:)[^\s:/@'"${}<>]{3,}(?=@[\w.-])/gi],
];

/** `password = "…"`, `API_KEY: …`; the value is judged apart. Every repetition is bounded: whoever writes a text chooses how long this takes. */
const ASSIGNED =
  /([\w.-]{0,40}(?:passw(?:or)?d|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|client[_-]?secret|credentials?)[\w.-]{0,40})["']?\s{0,20}(?::=|=>|[:=])\s{0,20}(["'`]?)([^\s"'`,;]{8,200})\2/gi;

export const PUT_OUT = '[secret left out]';

/** Files that hold secrets by their name, whatever is in them. */
const SECRET_FILES =
  /(?:^|\/)(?:\.env(?:\.(?!example$|sample$|template$|dist$)[\w.-]+)?|\.npmrc|\.pypirc|\.netrc|\.htpasswd|id_(?:rsa|dsa|ecdsa|ed25519)|[^/]*\.(?:pem|key|p12|pfx|jks|keystore|kdbx|creds|nk|ovpn)|credentials(?:\.json)?|service-account[^/]*\.json)$/i;

export const isSecretFile = (path: string): boolean => SECRET_FILES.test(path);

export interface Cleaned {
  text: string;
  /** What was found, by kind. */
  found: string[];
}

/** The number of lines stays, so that citations stay right. */
export function withoutSecrets(text: string): Cleaned {
  const found: string[] = [];
  let clean = text;
  for (const [kind, form] of KNOWN) {
    clean = clean.replace(form, (match) => {
      found.push(kind);
      return PUT_OUT + '\n'.repeat(match.split('\n').length - 1);
    });
  }
  clean = clean.replace(ASSIGNED, (match, name: string, _quote: string, value: string) => {
    if (!looksRandom(value)) return match;
    found.push(name);
    return match.replace(value, PUT_OUT);
  });
  return { text: clean, found };
}

/** Letters and digits mixed, many different ones, no word or path or call: what a generator writes and a person does not. */
function looksRandom(value: string): boolean {
  if (value.length < 12 || value.includes(PUT_OUT.slice(1, 7)) || /[(){}<>$[\]]|\.\.|^\W+$|:\/\//.test(value))
    return false;
  if (value.length < 32 && /^[a-z](?:[a-z]|[._-](?=[a-z]|$))*$/i.test(value)) return false;
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((kind) => kind.test(value)).length;
  return /\d/.test(value) && kinds >= 2 && entropy(value) >= 3;
}

/** Bits a character. */
function entropy(value: string): number {
  const counts = new Map<string, number>();
  for (const char of value) counts.set(char, (counts.get(char) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / value.length) * Math.log2(count / value.length);
  return bits;
}
