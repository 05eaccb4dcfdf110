// Text from outside, made harmless to read: nothing invisible, nothing that a chat format would take for a role or an end.
// The one thing to know: words are never changed or cut, only characters that no reader would see or type.

/** Zero-width and direction characters, and the tag block, in which whole sentences can be hidden. */
const INVISIBLE = /[\u00AD\u180E\u200B-\u200F\u202A-\u202E\u2060-\u2064\u2066-\u206F\uFEFF\u{E0000}-\u{E007F}]/gu;
/** Everything but tab and line feed. */
const CONTROL = /(?![\t\n])\p{Cc}/gu;
/** Role and end tokens of chat formats. */
const CHAT_TOKENS =
  /<\|[a-z_ ]{1,40}\|>|\[\/?INST\]|<<\/?SYS>>|<\/?s>|<\/?(?:system|assistant|user|tool|function)(?:_[a-z]+)?>|<(?:start|end)_of_turn>/giu;

/** The text without invisible characters; chat tokens are spelled so that no server takes them for its own. */
export function cleanText(text: string): string {
  return text
    .normalize('NFC')
    .replace(/\r\n?/g, '\n')
    .replace(INVISIBLE, '')
    .replace(CONTROL, ' ')
    .replace(CHAT_TOKENS, (token) => token.replace(/[<[]/g, '(').replace(/[>\]]/g, ')').replaceAll('|', '/'));
}

/** A short value on one line, such as a path or a name: quotes and brackets of the markers cannot occur in it. */
export function cleanLabel(text: string, most = 200): string {
  const line = cleanText(text)
    .replace(/[\s"<>]+/gu, ' ')
    .trim();
  return [...line].slice(0, most).join('');
}
