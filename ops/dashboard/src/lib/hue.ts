// The same name has the same colour everywhere: masters by their place in the registry, so that few look alike; others by a hash.
// A class, because styles in attributes are not allowed here.
import { now } from './live.js';

const HUES = 8;

export function hue(name: string): string {
  const place = (now.value?.masters ?? []).findIndex(({ master }) => master === name);
  if (place >= 0) return `hue-${place % HUES}`;
  let hash = 7;
  for (let i = 0; i < name.length; i++) hash = (hash * 31 + name.charCodeAt(i)) | 0;
  return `hue-${Math.abs(hash) % HUES}`;
}
