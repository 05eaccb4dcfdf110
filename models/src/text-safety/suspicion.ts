// Signs that a text talks to a language model instead of to people. Only counted and shown, and such text is put last: nothing rests on it,
// since whoever writes the text can always find words that no list holds.

const SIGNS: readonly (readonly [string, RegExp])[] = [
  [
    'overrides',
    /\b(?:ignore|disregard|forget|override)\b[^.\n]{0,40}\b(?:previous|prior|above|earlier|all|your|system)\b/i,
  ],
  [
    'role',
    /(?:^|\n)[ \t]{0,20}(?:#{1,6}[ \t]{0,20})?(?:system|assistant|developer)\s{0,5}(?:message|prompt)?\s{0,5}:/i,
  ],
  ['tool-call', /\b(?:tool_calls?|function_call|call the (?:tool|function)|run_command|submit_subtask)\b/i],
  ['routing', /\b(?:route|assign|reassign|forward)\b[^.\n]{0,30}\b(?:task|ticket|this)\b[^.\n]{0,30}\bto\b/i],
  ['permission', /\byou (?:are|have been) (?:now )?(?:allowed|authori[sz]ed|granted|permitted)\b/i],
  [
    'secret',
    /\b(?:print|reveal|repeat|send|leak|output)\b[^.\n]{0,40}\b(?:secret|password|token|api key|credentials?|system prompt)\b/i,
  ],
  [
    'to-the-model',
    /\b(?:as an ai|language model|ai (?:assistant|agent)|dear (?:assistant|model|llm)|note to (?:the )?(?:ai|llm|model|assistant))\b/i,
  ],
  ['hidden', /[\u200B\u2060-\u2064\u{E0020}-\u{E007F}]/u],
  ['encoded', /(?:[A-Za-z0-9+/]{60,}={0,2})/],
];

/** Kinds of signs, empty for ordinary text. Give it the text as it came, before cleaning. */
export function suspicionOf(text: string): string[] {
  return SIGNS.filter(([, pattern]) => pattern.test(text)).map(([kind]) => kind);
}
