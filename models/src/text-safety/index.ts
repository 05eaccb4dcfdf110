export { cleanLabel, cleanText } from './clean.js';
export { type Redacted, redactSecrets } from './redact.js';
export { suspicionOf } from './suspicion.js';
export { type DataLabel, dataRule, newMarker, wrapData } from './wrap.js';
